// The spool of the thin helper (thin-helper/hotplugd-load.c): what it was asked for while there was neither an agent nor modprobe,
// and what an agent had taken and could not begin before it was stopped.
// A file a request, its only line that of the socket "load"; names begin with the time, those of files still being written with
// a dot.

import { constants, mkdirSync, openSync, readdirSync, readSync, renameSync, rmSync } from "node:fs";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { closeDraft, dropDraft, unpredictable, writeDraft } from "../files/draft.js";
import { isAbsent, refusalFor } from "../files/refusal.js";

/** As many as the helper leaves there, and as long. */
const MOST = 1024;
const LONGEST_LINE = 8194;
const NANOSECONDS = 1_000_000_000n;
/** Seconds. */
const LONGEST_WRITE = 60n;

/** Empties it. The lines, without their newlines, oldest first; what is not one whole line is thrown away. @throws {Refusal} */
export function takeSpooled(directory: string): Buffer[] {
	const all = listNames(directory);
	try {
		const names = all.filter((name) => !name.startsWith(".")).sort();
		const lines = names.slice(0, MOST).map((name) => readLine(`${directory}/${name}`));
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

/** As the helper does it: whole or not at all. @param line without its newline. @throws {Refusal} ENOSPC where too many wait */
export function putSpooled(directory: string, line: Uint8Array): void {
	try {
		mkdirSync(onDisk(directory), { recursive: true, mode: 0o700 });
		if (readdirSync(onDisk(directory), "latin1").length >= MOST)
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

/** By CLOCK_MONOTONIC, so that names are in the order of their making. */
function formatNow(): string {
	const nanoseconds = process.hrtime.bigint();
	const seconds = (nanoseconds / NANOSECONDS).toString().padStart(12, "0");
	return `${seconds}.${(nanoseconds % NANOSECONDS).toString().padStart(9, "0")}`;
}

/** Whether what is still being written is so no more: its name begins with when it was begun. */
function isDead(name: string): boolean {
	const [, seconds] = /^\.([0-9]{12})\.[0-9]{9}\./.exec(name) ?? [];
	return seconds !== undefined && process.hrtime.bigint() / NANOSECONDS - BigInt(seconds) > LONGEST_WRITE;
}

/** It has gone, or is a link, a socket or a directory. */
const NO_REQUEST: ReadonlySet<string | undefined> = new Set(["ENOENT", "ELOOP", "ENXIO", "EISDIR"]);

/** @throws where it cannot be told what is in it, for want of a descriptor say: then nothing is thrown away. */
function readLine(path: string): Buffer | undefined {
	try {
		// O_NONBLOCK keeps a FIFO from holding the process for ever.
		const fd = openSync(onDisk(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		try {
			const buffer = Buffer.alloc(LONGEST_LINE + 2);
			const line = buffer.subarray(0, readSync(fd, buffer));
			return line.length > 1 && line.length <= LONGEST_LINE + 1 && line.indexOf("\n") === line.length - 1
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
