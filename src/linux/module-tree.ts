// Trees of module files on the real file system, walked for depmod, and when their files were written.

import { type Stats, statSync } from "node:fs";
import type { ModuleTree, WalkFailure } from "../libkmod/depmod/module-tree.js";
import { Refusal } from "../libkmod/kernel.js";
import { type DirectoryEntry, readEntries } from "./directory-entries.js";
import { lockDirectory } from "./directory-lock.js";
import { onDisk } from "./disk-path.js";
import { digestModules } from "./module-digests.js";
import { publish } from "./publish.js";
import { isAbsent, refusalFor } from "./refusal.js";

export const moduleTree: ModuleTree = {
	walk(root, wanted, passedOver) {
		const walk: Walking = { root, wanted, passedOver, files: [], failures: [] };
		walkDirectory(walk, "", listEntries(root), []);
		return { files: walk.files, failures: walk.failures };
	},
	digest: digestModules,
	modified(path) {
		try {
			return statSync(onDisk(path), { bigint: true }).mtimeNs;
		} catch (thrown) {
			if (isAbsent(thrown)) return undefined;
			throw refusalFor("stat", path, thrown);
		}
	},
	lock: lockDirectory,
	publish,
};

type Walking = {
	readonly root: string;
	readonly wanted: (name: string) => boolean;
	readonly passedOver: (name: string) => boolean;
	readonly files: string[];
	readonly failures: WalkFailure[];
};

/** @param links real directories that symbolic links have led through, since one may lead back to another. */
function walkDirectory(
	walk: Walking,
	below: string,
	entries: readonly DirectoryEntry[],
	links: readonly string[],
): void {
	for (const entry of entries) {
		const { name, kind } = entry;
		if (walk.passedOver(name)) continue;
		const path = below + name;
		if (kind === "directory") enter(walk, path, links);
		else if (kind === "other") followOther(walk, name, path, links);
		else if (walk.wanted(name)) walk.files.push(path);
	}
}

function enter(walk: Walking, path: string, links: readonly string[]): void {
	const entries = noting(walk, path, "open", () => listEntries(`${walk.root}/${path}`));
	if (entries !== undefined) walkDirectory(walk, `${path}/`, entries, links);
}

/** A symbolic link, or a file system that does not tell what its entries are. */
function followOther(walk: Walking, name: string, path: string, links: readonly string[]): void {
	const stat = noting(walk, path, "stat", () => attempt("stat", path, () => statSync(onDisk(`${walk.root}/${path}`))));
	if (stat === undefined) return;
	if (stat.isDirectory()) {
		const itself = identify(stat);
		if (!links.includes(itself)) enter(walk, path, [...links, itself]);
	} else if (!stat.isFile()) walk.failures.push({ path, operation: "use", code: "EINVAL", errno: 22 });
	else if (walk.wanted(name)) walk.files.push(path);
}

function identify({ dev, ino }: Stats): string {
	return `${dev}:${ino}`;
}

function noting<T>(walk: Walking, path: string, operation: "open" | "stat", read: () => T): T | undefined {
	try {
		return read();
	} catch (thrown) {
		if (!(thrown instanceof Refusal)) throw thrown;
		walk.failures.push({ path, operation, code: thrown.code, errno: thrown.errno });
		return undefined;
	}
}

function listEntries(path: string): DirectoryEntry[] {
	return attempt("open", path, () => readEntries(path));
}

function attempt<T>(operation: string, path: string, act: () => T): T {
	try {
		return act();
	} catch (thrown) {
		throw refusalFor(operation, path, thrown);
	}
}
