// The spool directory of the thin helper (thin-helper/hotplugd-load.c). It holds the requests that the helper received while
// there was neither an agent nor modprobe, and those that an agent had taken but could not begin before it was stopped. Each file
// holds one request: one line as it is sent to the socket "load". A file's name begins with the time, and with a dot while the
// file is still being written.

import { constants, mkdirSync, openSync, readdirSync, readSync, renameSync, rmSync } from "node:fs";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { closeDraft, dropDraft, unpredictable, writeDraft } from "../files/draft.js";
import { isAbsent, refusalFor } from "../files/refusal.js";

/** The same limits as in the helper: the number of files, and the bytes of a line without its newline. */
const MOST_REQUESTS = 1024;
const LONGEST_LINE_BYTES = 8194;
const NANOSECONDS_A_SECOND = 1_000_000_000n;
/** Seconds after which an unfinished file counts as left by a dead process. */
const LONGEST_WRITE_SECONDS = 60n;

/**
 * Empties the spool. Returns the lines without their newlines, oldest first. A file that is not one whole line is removed too,
 * and yields no line.
 * @throws {Refusal}
 */
export function takeSpooled(directory: string): Buffer[] {
	const all = listNames(directory);
	try {
		const names = all.filter((name) => !name.startsWith(".")).sort();
		const lines = names.slice(0, MOST_REQUESTS).map((name) => readLine(`${directory}/${name}`));
		for (const name of [...names, ...all.filter(isDead)])
			rmSync(onDisk(`${directory}/${name}`), { force: true, recursive: true });
		return lines.filter((line) => line !== undefined);
	} catch (thrown) {
		throw refusalFor("empty", directory, thrown);
	}
}

function listNames(directory: string): string[] {
	try {
		return readdirSync(onDisk(directory), "latin1");
	} catch (thrown) {
		if (isAbsent(thrown)) return [];
		throw refusalFor("empty", directory, thrown);
	}
}

/**
 * Adds a request atomically, as the helper does: by a rename.
 * @param line without its newline
 * @throws {Refusal} ENOSPC when too many requests wait
 */
export function putSpooled(directory: string, line: Uint8Array): void {
	try {
		mkdirSync(onDisk(directory), { recursive: true, mode: 0o700 });
		if (readdirSync(onDisk(directory), "latin1").length >= MOST_REQUESTS)
			throw new Refusal({ operation: "add to", subject: directory, code: "ENOSPC" });
		const name = () => `${directory}/.${formatNow()}.${unpredictable()}`;
		const draft = writeDraft(name, Buffer.concat([line, Buffer.from("\n")]), 0o600);
		try {
			closeDraft(draft);
			renameSync(onDisk(draft.path), onDisk(`${directory}/${formatNow()}.${process.pid}`));
		} catch (thrown) {
			dropDraft(draft);
			throw thrown;
		}
	} catch (thrown) {
		throw refusalFor("add to", directory, thrown);
	}
}

/** The time by CLOCK_MONOTONIC, so that the order of names is the order in which files were made. */
function formatNow(): string {
	const nanoseconds = process.hrtime.bigint();
	const seconds = (nanoseconds / NANOSECONDS_A_SECOND).toString().padStart(12, "0");
	return `${seconds}.${(nanoseconds % NANOSECONDS_A_SECOND).toString().padStart(9, "0")}`;
}

/** Whether an unfinished file was left by a dead process, by the time at the beginning of its name. */
function isDead(name: string): boolean {
	const [, seconds] = /^\.([0-9]{12})\.[0-9]{9}\./.exec(name) ?? [];
	return (
		seconds !== undefined && process.hrtime.bigint() / NANOSECONDS_A_SECOND - BigInt(seconds) > LONGEST_WRITE_SECONDS
	);
}

/** The errnos of a file that has been removed, or is a symbolic link, a socket or a directory. */
const NO_REQUEST: ReadonlySet<string | undefined> = new Set(["ENOENT", "ELOOP", "ENXIO", "EISDIR"]);

/**
 * Undefined for what is no request.
 * @throws when the file cannot be read, for example for want of a descriptor: the spool then stays as it is
 */
function readLine(path: string): Buffer | undefined {
	try {
		// O_NONBLOCK keeps a FIFO from holding the process for ever.
		const fd = openSync(onDisk(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		try {
			const buffer = Buffer.alloc(LONGEST_LINE_BYTES + 2);
			const line = buffer.subarray(0, readSync(fd, buffer));
			return line.length > 1 && line.length <= LONGEST_LINE_BYTES + 1 && line.indexOf("\n") === line.length - 1
				? line.subarray(0, -1)
				: undefined;
		} finally {
			closeQuietly(fd);
		}
	} catch (thrown) {
		if (NO_REQUEST.has((thrown as NodeJS.ErrnoException).code)) return undefined;
		throw thrown;
	}
}
