// Assets: large files and directories that are made once and kept outside the repository. The name of an asset says everything
// that its content depends on.

import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import {
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { spend } from "../../project/spans.js";

/** Where assets are kept: $HOTPLUGD_CACHE, or hotplugd in the user's cache directory. */
export const cache =
	process.env.HOTPLUGD_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "hotplugd");

export interface AssetOptions {
	/** Whether the content is read and compared at each request: for assets whose damage nothing else would notice. */
	readonly checked?: boolean;
}

/**
 * The path of the asset `name`. When there is no such asset, or its file differs from what was written, `make` writes it, as a
 * file or a directory. The asset is written under another name, and renamed when complete. When several processes ask at once,
 * one of them makes the asset, and the others wait. The seal, a file beside the asset, holds the state in which the asset was
 * left; the seal's time of modification is that of the last request.
 * @throws Error when the asset cannot be made; no part of it is left.
 */
export async function asset(
	name: string,
	make: (path: string) => Promise<unknown>,
	{ checked = false }: AssetOptions = {},
): Promise<string> {
	const path = join(cache, name);
	if (isWhole(name, checked)) return path;
	// A process that waits for another one to make the asset prints a message too.
	const quiet = tell(`making ${name} in ${cache}`);
	try {
		const unlock = await lock(name);
		try {
			if (isWhole(name, checked)) return path;
			if (existsSync(path) && existsSync(sealOf(name)))
				process.stderr.write(`vm: ${path} is not as it was written: it is made again\n`);
			removeDrafts(name);
			// A process that was killed may have children that still write to its draft, so each draft has a name of its own.
			const draft = `${path}.part-${randomUUID()}`;
			try {
				await spend("asset", name, make(draft));
			} catch (error) {
				// A full disk must not stay full because of a draft that nobody uses.
				removeDrafts(name);
				throw new Error(`cannot make ${path}: ${(error as Error).message}`, { cause: error });
			}
			// The old asset may be a directory, which rename(2) would not replace.
			rmSync(path, { recursive: true, force: true });
			rmSync(sealOf(name), { force: true });
			renameSync(draft, path);
			writeWhole(sealOf(name), JSON.stringify(stateOf(path, checked)));
			return path;
		} finally {
			await unlock();
		}
	} finally {
		quiet();
	}
}

/** The time of the asset's last request or making, in milliseconds since 1970; the present time when there is no such asset. */
export function lastAsked(name: string): number {
	const times = [sealOf(name), join(cache, name)].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs);
	return Math.max(...times.map((time) => time ?? 0)) || Date.now();
}

/** Removes an asset. A process that has it open keeps it. */
export function forget(name: string): void {
	wholeDirectories.delete(name);
	rmSync(join(cache, name), { recursive: true, force: true });
	rmSync(sealOf(name), { force: true });
}

function sealOf(name: string): string {
	const seals = join(cache, "seals");
	mkdirSync(seals, { recursive: true });
	return join(seals, name);
}

/**
 * The size, the time of modification in nanoseconds and, of an asset to be checked, a hash of the content; of a directory, a hash
 * of the states of its files.
 */
interface AssetState {
	readonly size?: string;
	readonly modified?: string;
	readonly sha256?: string;
	readonly files?: string;
}

function stateOf(path: string, checked: boolean): AssetState {
	const stat = lstatSync(path, { bigint: true });
	if (stat.isDirectory()) return { files: digest(...statesWithin(path)) };
	const sha256 = checked ? createHash("sha256").update(readFileSync(path)).digest("hex") : undefined;
	return { size: `${stat.size}`, modified: `${stat.mtimeNs}`, ...(sha256 && { sha256 }) };
}

function* statesWithin(directory: string): Generator<string> {
	for (const entry of readdirSync(directory, { withFileTypes: true })) {
		const path = join(directory, entry.name);
		yield entry.name;
		if (entry.isDirectory()) yield* statesWithin(path);
		else if (entry.isFile()) yield JSON.stringify(stateOf(path, false));
	}
}

/** Directories that this process has found whole. */
export const wholeDirectories = new Set<string>();

function isWhole(name: string, checked: boolean): boolean {
	if (wholeDirectories.has(name)) return true;
	try {
		const state = stateOf(join(cache, name), checked);
		const isDirectory = "files" in state;
		// The directory got its name when it was complete: the process that made it was killed before it wrote the seal.
		if (isDirectory && !existsSync(sealOf(name))) writeWhole(sealOf(name), JSON.stringify(state));
		if (readFileSync(sealOf(name), "utf8") !== JSON.stringify(state)) return false;
		if (isDirectory) wholeDirectories.add(name);
	} catch {
		return false;
	}
	try {
		const now = new Date();
		utimesSync(sealOf(name), now, now);
	} catch {
		// This process may not change a cache of another user.
	}
	return true;
}

function writeWhole(path: string, content: string): void {
	const draft = `${path}.part-${randomUUID()}`;
	writeFileSync(draft, content);
	renameSync(draft, path);
}

/** Removes the drafts of an asset, apart from those to which a process still writes. */
function removeDrafts(name: string): void {
	for (const draft of readdirSync(cache).filter((other) => other.startsWith(`${name}.part`))) {
		try {
			rmSync(join(cache, draft), { recursive: true, force: true });
		} catch {}
	}
}

/** Takes the lock of that name. It is held until the resolved function is called, or until this process has ended in any way. */
async function lock(name: string): Promise<() => Promise<void>> {
	const holder = spawn("flock", ["-x", lockFile(name), "sh", "-c", "echo held; exec cat"], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
	if (holder.exitCode !== null) throw new Error(`cannot lock ${lockFile(name)}: flock exited ${holder.exitCode}`);
	return async () => {
		const gone = once(holder, "exit");
		holder.stdin.end();
		await gone;
	};
}

/** The lock file of that name, for flock(1). */
export function lockFile(name: string): string {
	const locks = join(cache, "locks");
	mkdirSync(locks, { recursive: true });
	return join(locks, name);
}

/** A short hash of content: equal parts make equal names. */
export function digest(...parts: readonly (string | Buffer)[]): string {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(`${part.length}:`).update(part);
	return hash.digest("hex").slice(0, 12);
}

/**
 * Prints a message after a second, and again every 20 s, until the returned function is called: the test runner ends a test file
 * that prints nothing for a minute.
 */
export function tell(what: string): () => void {
	const say = () => process.stderr.write(`vm: ${what}\n`);
	const first = setTimeout(say, 1000);
	const again = setInterval(say, 20_000);
	return () => {
		clearTimeout(first);
		clearInterval(again);
	};
}
