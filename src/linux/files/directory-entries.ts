// Lists a directory in the order of the file system, which node's readdir does not keep.

import { type Dir, type Dirent, opendirSync } from "node:fs";
import type { Entry } from "../../libkmod/depmod/module-walk.js";
import { MOST_NAMES } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";

/** @throws node's error, or a {@link Refusal} by "list" (EFBIG) for a directory of more than `most` names */
export function readEntries(path: string, most = MOST_NAMES): Entry[] {
	// Path and names are Buffers: on a file system whose readdir(3) gives no types, node calls lstat(2) on the path and the name of
	// each entry.
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
		// All entries were read: the error does not matter.
	}
}

/** An encoding that node's documentation of Dirent has, but node's types lack. */
const IN_BYTES = "buffer" as BufferEncoding;

function kindOf(entry: Dirent): Entry["kind"] {
	if (entry.isDirectory()) return "directory";
	return entry.isFile() ? "file" : "other";
}
