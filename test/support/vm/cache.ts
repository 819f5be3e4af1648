// Assets: big things that are made once and kept outside the repository, each under a name that says all it depends on.

import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { spend } from "../spans.js";

/** Where assets are kept: $HOTPLUGD_CACHE, or hotplugd in the user's cache directory. */
export const cache =
	process.env.HOTPLUGD_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "hotplugd");

/**
 * The path of the asset `name`, which `make` writes (a file or a directory) if there is none yet. It is written under
 * another name and renamed when whole; of several processes that ask at once one makes it and the others wait. Its time of
 * modification says when it was last asked for.
 */
export async function asset(name: string, make: (path: string) => Promise<unknown>): Promise<string> {
	const path = join(cache, name);
	if (isThere(path)) return path;
	// Who waits for another process to make it must not be silent either.
	const quiet = tell(`making ${name} in ${cache}`);
	try {
		const unlock = await lock(name);
		try {
			if (isThere(path)) return path;
			removeDrafts(name);
			// What a killed process began may still write to the draft that it had.
			const draft = `${path}.part-${randomUUID()}`;
			await spend("asset", name, make(draft));
			renameSync(draft, path);
			return path;
		} finally {
			await unlock();
		}
	} finally {
		quiet();
	}
}

function isThere(path: string): boolean {
	try {
		const now = new Date();
		utimesSync(path, now, now);
		return true;
	} catch {
		// A cache that others own is not ours to change.
		return existsSync(path);
	}
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
