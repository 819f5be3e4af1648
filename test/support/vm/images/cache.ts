// Assets: big things that are made once and kept outside the repository, each under a name that says all it depends on.

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
	/** Whether what it holds is read and compared at each asking: for what nothing else would notice. */
	readonly checked?: boolean;
}

/**
 * The path of the asset `name`, which `make` writes (a file or a directory) if there is none yet, or a file that is not as it was
 * written. It is written under another name and renamed when whole; of several processes that ask at once one makes it and
 * the others wait. Its seal says how it was left, and by its time of modification when it was last asked for.
 * @throws Error where it cannot be made: nothing of it is left.
 */
export async function asset(
	name: string,
	make: (path: string) => Promise<unknown>,
	{ checked = false }: AssetOptions = {},
): Promise<string> {
	const path = join(cache, name);
	if (isWhole(name, checked)) return path;
	// Who waits for another process to make it must not be silent either.
	const quiet = tell(`making ${name} in ${cache}`);
	try {
		const unlock = await lock(name);
		try {
			if (isWhole(name, checked)) return path;
			if (existsSync(path) && existsSync(sealOf(name)))
				process.stderr.write(`vm: ${path} is not as it was written: it is made again\n`);
			removeDrafts(name);
			// What a killed process began may still write to the draft that it had.
			const draft = `${path}.part-${randomUUID()}`;
			try {
				await spend("asset", name, make(draft));
			} catch (error) {
				// A disk that is full is not to stay so for what nobody uses.
				removeDrafts(name);
				throw new Error(`cannot make ${path}: ${(error as Error).message}`, { cause: error });
			}
			// What lies there may be a directory.
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

/** When the asset was last asked for, or made, in milliseconds since 1970; now where there is none. */
export function lastAsked(name: string): number {
	const times = [sealOf(name), join(cache, name)].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs);
	return Math.max(...times.map((time) => time ?? 0)) || Date.now();
}

/** Removes an asset; who has it open keeps it. */
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

/** Its size, its time of modification in nanoseconds and, where it is to be checked, what it holds; of a directory, those of its files. */
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

/** Directories that this process has looked through. */
export const wholeDirectories = new Set<string>();

function isWhole(name: string, checked: boolean): boolean {
	if (wholeDirectories.has(name)) return true;
	try {
		const state = stateOf(join(cache, name), checked);
		const isDirectory = "files" in state;
		// It has its name since it was whole; whoever made it was killed before it was sealed.
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
		// A cache that others own is not ours to change.
	}
	return true;
}

function writeWhole(path: string, content: string): void {
	const draft = `${path}.part-${randomUUID()}`;
	writeFileSync(draft, content);
	renameSync(draft, path);
}

/** Whatever cannot be removed, because something still writes there, is in nobody's way. */
function removeDrafts(name: string): void {
	for (const draft of readdirSync(cache).filter((other) => other.startsWith(`${name}.part`))) {
		try {
			rmSync(join(cache, draft), { recursive: true, force: true });
		} catch {}
	}
}

/** Holds a lock of that name until the function it resolves with is called, or until this process has gone, however it went. */
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

/** The file that stands for the lock of that name, for flock(1). */
export function lockFile(name: string): string {
	const locks = join(cache, "locks");
	mkdirSync(locks, { recursive: true });
	return join(locks, name);
}

/** A short name for content: equal parts, equal name. */
export function digest(...parts: readonly (string | Buffer)[]): string {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(`${part.length}:`).update(part);
	return hash.digest("hex").slice(0, 12);
}

/** Says what takes long, and says it again every 20 s: the test runner ends a file that is silent for a minute. */
export function tell(what: string): () => void {
	const say = () => process.stderr.write(`vm: ${what}\n`);
	const first = setTimeout(say, 1000);
	const again = setInterval(say, 20_000);
	return () => {
		clearTimeout(first);
		clearInterval(again);
	};
}
