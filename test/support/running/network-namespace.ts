// Runs a script of the tests in a network namespace of its own, which receives only the uevents that the script injects.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { ExecutionContext } from "ava";

/** A script with one or several agents takes long on a busy machine. */
export const SESSION_TIMEOUT_MILLISECONDS = 180_000;

export type Ended = {
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
};

/**
 * Runs a script whose user is root of the namespace and of nothing else: it may inject and spoof uevents, but not force the
 * size of a receive buffer. Needs no privilege.
 */
export function runInNamespace(script: string, ...words: string[]): Promise<Ended> {
	return run("unshare", ["--user", "--map-root-user", "--net", process.execPath, script, ...words]);
}

/** Runs a script in a mount namespace, too: only the script and its children see its mounts below /sys. */
export function runWithOwnMounts(script: string, ...words: string[]): Promise<Ended> {
	return run("unshare", ["--user", "--map-root-user", "--net", "--mount", process.execPath, script, ...words]);
}

/** Runs a script that starts an agent. Resolves with the JSON that it prints. @throws Error with its complaints if it fails */
export async function runSession(t: ExecutionContext, script: string, ...words: string[]) {
	t.timeout(SESSION_TIMEOUT_MILLISECONDS);
	const { status, signal, stdout, stderr } = await runWithOwnMounts(script, ...words);
	if (status !== 0) throw new Error(`ended with ${status ?? signal}: ${stderr}`);
	return JSON.parse(stdout);
}

/**
 * For root only: the script stays real root in a new network namespace, may force the size of a receive buffer, and also
 * receives the machine's own uevents.
 */
export function runInRootNamespace(script: string, ...words: string[]): Promise<Ended> {
	return run("unshare", ["--net", process.execPath, script, ...words]);
}

/** For root only: as `runInRootNamespace`, in a mount namespace, too. */
export function runInRootNamespaceWithOwnMounts(script: string, ...words: string[]): Promise<Ended> {
	return run("unshare", ["--net", "--mount", process.execPath, script, ...words]);
}

/** Runs a script without a namespace of its own. */
export function runHere(script: string, ...words: string[]): Promise<Ended> {
	return run(process.execPath, [script, ...words]);
}

async function run(command: string, words: readonly string[]): Promise<Ended> {
	const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] });
	const ended = once(child, "exit");
	const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
	const [status, signal] = await ended;
	return { status, signal, stdout, stderr };
}
