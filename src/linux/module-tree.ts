// Trees of module files on the real file system, walked for depmod, and when their files were written.

import { type Stats, statSync } from "node:fs";
import { constants } from "node:os";
import { MOST_NAMES_IN_ALL } from "../libkmod/bounds.js";
import type { ModuleTree, Walk, WalkFailure } from "../libkmod/depmod/module-tree.js";
import { Refusal } from "../libkmod/kernel.js";
import { type DirectoryEntry, readEntries } from "./directory-entries.js";
import { lockDirectory } from "./directory-lock.js";
import { onDisk } from "./disk-path.js";
import { digestModules } from "./module-digests.js";
import { publish } from "./publish.js";
import { attempt, isAbsent, refusalFor } from "./refusal.js";

export const moduleTree: ModuleTree = {
	walk: (...asked) => walkModules(...asked),
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

/** @param most names in all. @throws {Refusal} by "walk" where there are more, or by "open" */
export function walkModules(
	root: string,
	wanted: (name: string) => boolean,
	passedOver: (name: string) => boolean,
	most = MOST_NAMES_IN_ALL,
): Walk {
	const walk: Walking = { root, wanted, passedOver, files: [], failures: [], due: [], most, left: most };
	walkTree(walk, listEntries(root));
	return { files: walk.files, failures: walk.failures };
}

type Walking = {
	readonly root: string;
	readonly wanted: (name: string) => boolean;
	readonly passedOver: (name: string) => boolean;
	readonly files: string[];
	readonly failures: WalkFailure[];
	/** Directories that are to be looked at, the next one last: a stack in place of recursion. */
	readonly due: Directory[];
	/** How many names there may be, and may still be. */
	readonly most: number;
	left: number;
};

type Directory = {
	/** With a slash behind it, or empty. */
	readonly below: string;
	readonly entries: Iterator<DirectoryEntry>;
	/** Real directories that symbolic links have led through, since one may lead back to another. */
	readonly links: readonly string[];
};

function walkTree(walk: Walking, entries: readonly DirectoryEntry[]): void {
	addDirectory(walk, "", entries, []);
	for (let directory = walk.due.at(-1); directory !== undefined; directory = walk.due.at(-1)) {
		const next = directory.entries.next();
		if (next.done) walk.due.pop();
		else lookAt(walk, directory, next.value);
	}
}

function addDirectory(
	walk: Walking,
	below: string,
	entries: readonly DirectoryEntry[],
	links: readonly string[],
): void {
	walk.left -= entries.length;
	if (walk.left < 0) {
		const reason = `it holds more than ${walk.most} names, as links that lead in circles do`;
		throw new Refusal("walk", walk.root, "EFBIG", constants.errno.EFBIG, reason);
	}
	walk.due.push({ below, entries: entries[Symbol.iterator](), links });
}

function lookAt(walk: Walking, { below, links }: Directory, { name, kind }: DirectoryEntry): void {
	if (walk.passedOver(name)) return;
	const path = below + name;
	if (kind === "directory") enter(walk, path, links);
	else if (kind === "other") followOther(walk, name, path, links);
	else if (walk.wanted(name)) walk.files.push(path);
}

function enter(walk: Walking, path: string, links: readonly string[]): void {
	const entries = noting(walk, path, "open", () => listEntries(`${walk.root}/${path}`));
	if (entries !== undefined) addDirectory(walk, `${path}/`, entries, links);
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
