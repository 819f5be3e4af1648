// Resolves paths below a directory that is the root of another machine: symbolic links in it lead where they lead on that machine
// (path_resolution(7), chroot(2)). Whatever links a capture holds, they never lead out of the root. A path is resolved first and
// opened afterwards, so there is a race: a process that can change the directory in between can make a file outside of it be
// opened. Do not read from a root that other users may write.

import { lstatSync, readlinkSync } from "node:fs";
import { resolve } from "node:path";
import { type Files, type Kernel, type ModuleFiles, Refusal } from "../../libkmod/kernel/kernel.js";
import { readWorkingDirectory } from "../process/process-words.js";
import { onDisk } from "./disk-path.js";
import { isAbsent, refusalFor } from "./refusal.js";

/** The number of symbolic links that the kernel follows in one path (MAXSYMLINKS). */
const MOST_LINKS = 40;

type Machine = Kernel & ModuleFiles;

/** The same machine, but paths below `root` are resolved as if `root` were "/". Other paths are unchanged. */
export function withinRoot(root: string, machine: Machine): Machine {
	return {
		...machine,
		...filesWithin(root, machine),
		readModule: actWithin(root, (path) => machine.readModule(path)),
		insert: insertWithin(root, machine.insert),
	};
}

/** The same insert function, but module files below `root` are resolved as if `root` were "/". */
export function insertWithin(root: string, insert: Kernel["insert"]): Kernel["insert"] {
	return actWithin(root, insert);
}

/** A Refusal names the path that the caller gave, not the resolved one. */
function actWithin<More extends unknown[], T>(root: string, act: (path: string, ...more: More) => Promise<T>) {
	return async (path: string, ...more: More): Promise<T> => {
		const found = findWithin(root, path);
		try {
			return await act(found, ...more);
		} catch (error) {
			throw asAskedFor(error, found, path);
		}
	};
}

function asAskedFor(error: unknown, found: string, path: string): unknown {
	if (!(error instanceof Refusal) || error.subject !== found) return error;
	const { operation, code, errno, reason, cause } = error;
	return new Refusal({ operation, subject: path, code, errno, reason, cause });
}

/** The same files, but paths below `root` are resolved as if `root` were "/". A Refusal names the path that the caller gave. */
export function filesWithin(root: string, files: Files): Files {
	const within = <T>(operation: string, path: string, look: (found: Found) => T): T => {
		const found = locate(root, path, operation);
		try {
			return look(found);
		} catch (error) {
			throw asAskedFor(error, found.place, path);
		}
	};
	return {
		read: (path, ...more) => within("read", path, ({ place }) => files.read(place, ...more)),
		list: (path, ...more) => within("list", path, ({ place }) => files.list(place, ...more)),
		stamp: (path, ...more) => within("stat", path, ({ place }) => files.stamp(place, ...more)),
		leadsNowhere: (path) =>
			within("stat", path, ({ place, nowhere }) => nowhere || (files.leadsNowhere?.(place) ?? false)),
		modified: (path) => within("stat", path, ({ place }) => files.modified?.(place)),
	};
}

/**
 * Resolves a path below `root`: `root` is "/" for symbolic links and for "..". A path that is not below `root` is returned
 * unchanged. For a path that does not exist, the result does not exist either.
 * @throws {Refusal} ELOOP, or when a directory may not be searched
 */
export function findWithin(root: string, path: string, operation = "open"): string {
	return locate(root, path, operation).place;
}

type Found = {
	readonly place: string;
	/** Whether `place` does not exist, and a symbolic link led there: the link is dangling. */
	readonly nowhere: boolean;
};

function locate(root: string, path: string, operation: string): Found {
	const below = tailBelow(root, path);
	return below === undefined ? { place: path, nowhere: false } : walk(root, path, below, operation);
}

/**
 * The part of a path below `root`. Paths that the program has made begin with `root`. Paths from users may spell `root` in
 * another way.
 */
function tailBelow(root: string, path: string): string | undefined {
	if (path === root || path.startsWith(`${root}/`)) return path.slice(root.length);
	const here = readWorkingDirectory();
	const [absoluteRoot, absolute] = [resolve(here, root), resolve(here, path)];
	if (absolute === absoluteRoot || absolute.startsWith(`${absoluteRoot}/`)) return absolute.slice(absoluteRoot.length);
	return undefined;
}

function walk(root: string, path: string, below: string, operation: string): Found {
	/** The resolved names below the root. */
	const found: string[] = [];
	const left = below.split("/").reverse();
	/** How many of the names in `left` come from the path itself, and not from a link. */
	let own = left.length;
	let links = 0;
	for (let name = left.pop(); name !== undefined; name = left.pop()) {
		const ofLink = left.length >= own;
		own = Math.min(own, left.length);
		if (name === "" || name === ".") continue;
		if (name === "..") {
			found.pop();
			continue;
		}
		const here = [root, ...found, name].join("/");
		const link = readLink(operation, path, here);
		if (link === undefined) return { place: [here, ...left.toReversed()].join("/"), nowhere: ofLink };
		if (link === NO_LINK) found.push(name);
		else {
			if (++links > MOST_LINKS) throw new Refusal({ operation, subject: path, code: "ELOOP" });
			if (link.startsWith("/")) found.length = 0;
			left.push(...link.split("/").reverse());
		}
	}
	return { place: [root, ...found].join("/"), nowhere: false };
}

/** Stands for a file that is no link: no symbolic link has an empty target. */
const NO_LINK = "";

/** The target of a symbolic link, NO_LINK for any other file, undefined when the path does not exist. */
function readLink(operation: string, path: string, here: string): string | undefined {
	try {
		const entry = lstatSync(onDisk(here), { throwIfNoEntry: false });
		if (entry === undefined) return undefined;
		return entry.isSymbolicLink() ? readlinkSync(onDisk(here), "latin1") : NO_LINK;
	} catch (thrown) {
		// ENOTDIR included: the later read of the file reports that a part of its path is no directory.
		if (isAbsent(thrown)) return undefined;
		throw refusalFor(operation, path, thrown);
	}
}
