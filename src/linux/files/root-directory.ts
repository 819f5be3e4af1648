// A directory that is another machine's root: links in it lead where they lead on that machine (path_resolution(7), chroot(2)).
// Whatever links a capture holds, what is found through them lies in it. A path is resolved first and opened afterwards: who may
// change the directory meanwhile can have something outside of it opened. A root that others may write is no place to read from.

import { lstatSync, readlinkSync } from "node:fs";
import { resolve } from "node:path";
import { type Files, type Kernel, type ModuleFiles, Refusal } from "../../libkmod/kernel/kernel.js";
import { readWorkingDirectory } from "../process/process-words.js";
import { onDisk } from "./disk-path.js";
import { isAbsent, refusalFor } from "./refusal.js";

/** As many as the kernel follows in one path (MAXSYMLINKS). */
const MOST_LINKS = 40;

type Machine = Kernel & ModuleFiles;

/** The same machine, of which all that is read below `root` is found as if `root` were "/". Other paths mean what they say. */
export function withinRoot(root: string, machine: Machine): Machine {
	return {
		...machine,
		...filesWithin(root, machine),
		readModule: actWithin(root, (path) => machine.readModule(path)),
		insert: insertWithin(root, machine.insert),
	};
}

/** The same insertion of files below `root`. */
export function insertWithin(root: string, insert: Kernel["insert"]): Kernel["insert"] {
	return actWithin(root, insert);
}

/** What is refused is named as it was asked for. */
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

/** What is refused is named as it was asked for. */
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
 * Where a path below `root` leads to, `root` being "/" to its links and to ".."; a path that is not below `root` is left as it is.
 * Where there is nothing at the path, one at which there is nothing. @throws {Refusal} ELOOP, or where a directory is closed
 */
export function findWithin(root: string, path: string, operation = "open"): string {
	return locate(root, path, operation).place;
}

type Found = {
	readonly place: string;
	/** Nothing is there, and it was a link that led there. */
	readonly nowhere: boolean;
};

function locate(root: string, path: string, operation: string): Found {
	const below = tailBelow(root, path);
	return below === undefined ? { place: path, nowhere: false } : walk(root, path, below, operation);
}

/** Paths that were made of `root` begin with it; those that people write may spell it otherwise. */
function tailBelow(root: string, path: string): string | undefined {
	if (path === root || path.startsWith(`${root}/`)) return path.slice(root.length);
	const here = readWorkingDirectory();
	const [absoluteRoot, absolute] = [resolve(here, root), resolve(here, path)];
	if (absolute === absoluteRoot || absolute.startsWith(`${absoluteRoot}/`)) return absolute.slice(absoluteRoot.length);
	return undefined;
}

function walk(root: string, path: string, below: string, operation: string): Found {
	/** Names below the root that are no links. */
	const found: string[] = [];
	const left = below.split("/").reverse();
	/** How many of the names that are left stand in the path itself, behind those of links. */
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

/** No link is empty. */
const NO_LINK = "";

/** What stands in a link; undefined where there is nothing at all. */
function readLink(operation: string, path: string, here: string): string | undefined {
	try {
		const entry = lstatSync(onDisk(here), { throwIfNoEntry: false });
		if (entry === undefined) return undefined;
		return entry.isSymbolicLink() ? readlinkSync(onDisk(here), "latin1") : NO_LINK;
	} catch (thrown) {
		// What is to be read says that a part of its path is no directory.
		if (isAbsent(thrown)) return undefined;
		throw refusalFor(operation, path, thrown);
	}
}
