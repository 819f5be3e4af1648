// What is in a directory, in the directory's own order, which node's readdir would not keep.

import { type Dir, type Dirent, opendirSync } from "node:fs";
import type { Entry } from "../../libkmod/depmod/module-walk.js";
import { MOST_NAMES } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";

/** @throws what node throws, or a {@link Refusal} by "list" for a directory of more than so many names. */
export function readEntries(path: string, most = MOST_NAMES): Entry[] {
	// Bytes all through: where a file system has no types in its directories, node asks after each entry by path and name.
	const directory = opendirSync(Buffer.from(path, "latin1"), { bufferSize: 256, encoding: IN_BYTES });
	try {
		const entries: Entry[] = [];
		for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
			if (entries.length === most)
				throw new Refusal({
					operation: "list",
					subject: path,
					code: "EFBIG",
					reason: `it holds more than ${most} names`,
				});
			entries.push({ name: (entry.name as unknown as Buffer).toString("latin1"), kind: kindOf(entry) });
		}
		return entries;
	} finally {
		closeDirectory(directory);
	}
}

function closeDirectory(directory: Dir): void {
	try {
		directory.closeSync();
	} catch {
		// All that is in it was read.
	}
}

/** Missing in node's types, though not in its documentation of Dirent. */
const IN_BYTES = "buffer" as BufferEncoding;

function kindOf(entry: Dirent): Entry["kind"] {
	if (entry.isDirectory()) return "directory";
	return entry.isFile() ? "file" : "other";
}
