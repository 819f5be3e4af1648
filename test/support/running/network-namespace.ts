// Runs a script of the tests in a network namespace of its own: only what it injects itself is announced there.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { ExecutionContext } from "ava";

/** Milliseconds: one that has an agent, or several, takes long on a busy machine. */
export const PATIENCE = 180_000;

export type Ended = {
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
};

/**
 * Where its user is root of the namespace, and of nothing else: it may inject uevents and spoof them, and not force a receive
 * buffer. Needs no privilege.
 */
export function runInNamespace(script: string, ...words: string[]): Promise<Ended> {
	return run("unshare", ["--user", "--map-root-user", "--net", process.execPath, script, ...words]);
}

/** The same with mounts of its own: what it mounts below /sys, only it and its children see. */
export function runWithOwnMounts(script: string, ...words: string[]): Promise<Ended> {
	return run("unshare", ["--user", "--map-root-user", "--net", "--mount", process.execPath, script, ...words]);
}

/** What a script with an agent of its own prints, as JSON. @throws Error with what it complained of, where it failed */
export async function runSession(t: ExecutionContext, script: string, ...words: string[]) {
	t.timeout(PATIENCE);
	const { status, signal, stdout, stderr } = await runWithOwnMounts(script, ...words);
	if (status !== 0) throw new Error(`ended with ${status ?? signal}: ${stderr}`);
	return JSON.parse(stdout);
}

/** For root only, who stays what he is: he may force a receive buffer. The machine's own uevents are announced there too. */
export function runInRootNamespace(script: string, ...words: string[]): Promise<Ended> {
	return run("unshare", ["--net", process.execPath, script, ...words]);
}

/** The same with mounts of its own. */
export function runInRootNamespaceWithOwnMounts(script: string, ...words: string[]): Promise<Ended> {
	return run("unshare", ["--net", "--mount", process.execPath, script, ...words]);
}

/** In no namespace of its own. */
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
