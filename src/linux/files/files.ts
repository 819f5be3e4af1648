// The Files port on the real file system, /proc and /sys included.

import { lstatSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { readBounded } from "./bounded-read.js";
import { readEntries } from "./directory-entries.js";
import { onDisk } from "./disk-path.js";
import { isAbsent, refusalFor } from "./refusal.js";

/** All methods are synchronous, since the files are small and in the page cache. */
export const files: Files = {
	read: (path, bound = bounds.small) => orAbsent("read", path, () => readBounded(path, bound)),
	list: (path) => orAbsent("list", path, (directory) => readEntries(directory).map(({ name }) => name)),
	stamp: (path) => orAbsent("stat", path, readStamp),
	modified: (path) =>
		orAbsent("stat", path, (file) => statSync(onDisk(file), { bigint: true, throwIfNoEntry: false })?.mtimeNs),
	leadsNowhere: endsInLink,
};

/**
 * Whether a path ends in a dangling symbolic link: the last of its parts that exists is a link, and its target does not exist.
 */
function endsInLink(path: string): boolean {
	for (let place = path; ; place = dirname(place)) {
		const entry = orAbsent("stat", place, (it) => lstatSync(onDisk(it), { throwIfNoEntry: false }));
		if (entry !== undefined) return entry.isSymbolicLink() && orAbsent("stat", place, readStamp) === undefined;
		if (place === dirname(place)) return false;
	}
}

function orAbsent<T>(operation: string, path: string, read: (path: string) => T): T | undefined {
	try {
		return read(path);
	} catch (thrown) {
		if (isAbsent(thrown)) return undefined;
		throw refusalFor(operation, path, thrown);
	}
}

// Nanoseconds and the inode detect a file that was replaced within the same second by another of the same size.
function readStamp(path: string): string | undefined {
	// Absent files are looked up again and again: an exception each time would cost more than the system call.
	const found = statSync(onDisk(path), { bigint: true, throwIfNoEntry: false });
	if (found === undefined) return undefined;
	const { dev, ino, size, mtimeNs, ctimeNs } = found;
	return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}
