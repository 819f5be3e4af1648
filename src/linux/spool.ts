// The spool of the thin helper (thin-helper/hotplugd-load.c): what it was asked for while there was neither an agent nor modprobe.
// A file a request, its only line that of the socket "load"; names begin with the time, those of files still being written with
// a dot.

import { closeSync, constants, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { isAbsent, refusalFor } from "./refusal.js";

/** As many as the helper leaves there, and as long. */
const MOST = 1024;
const LONGEST_LINE = 8194;

/** Empties it. The lines, without their newlines, oldest first; what is not one whole line is thrown away. @throws {Refusal} */
export function takeSpooled(directory: string): Buffer[] {
	try {
		const names = readdirSync(directory)
			.filter((name) => !name.startsWith("."))
			.sort();
		const lines = names.slice(0, MOST).map((name) => readLine(`${directory}/${name}`));
		for (const name of names) rmSync(`${directory}/${name}`, { force: true, recursive: true });
		return lines.filter((line) => line !== undefined);
	} catch (thrown) {
		if (isAbsent(thrown)) return [];
		throw refusalFor("empty", directory, thrown);
	}
}

function readLine(path: string): Buffer | undefined {
	try {
		// O_NONBLOCK keeps a FIFO from holding the process for ever.
		const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		try {
			const buffer = Buffer.alloc(LONGEST_LINE + 2);
			const line = buffer.subarray(0, readSync(fd, buffer));
			return line.length > 1 && line.length <= LONGEST_LINE + 1 && line.indexOf("\n") === line.length - 1
				? line.subarray(0, -1)
				: undefined;
		} finally {
			closeSync(fd);
		}
	} catch {
		return undefined;
	}
}
