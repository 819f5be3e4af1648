// Reads one file to its end and no further than a bound, whatever it turns out to be: open(2) without waiting, fstat(2), and then
// as many bytes as the bound and one. A FIFO, a terminal and other devices are read where the caller named them, and waited for with an end.

import { constants, fstatSync, openSync, readlinkSync, readSync, type Stats } from "node:fs";
import { type Bound, explainTooLarge } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { closeQuietly } from "./descriptor.js";
import { onDisk } from "./disk-path.js";
import { refusalFor } from "./refusal.js";

/** /dev/null: major 1, minor 3, as Linux encodes them in a device number. */
const NULL_DEVICE = 0x103;
/** Where a file does not tell its size, as in /proc. */
const FIRST_PIECE = 4096;
/** Whoever writes into a pipe may take so long for all of it, in milliseconds. */
const PATIENCE = 60_000;
const PAUSE = 5;

/** @throws {Refusal} by "read" */
export function readBounded(path: string, bound: Bound, patience = PATIENCE): Buffer {
	const fd = openUnwaiting(path);
	try {
		const stat = fstatSync(fd);
		if (stat.isFile()) return readRegular(fd, path, stat, bound);
		if (isNull(stat)) return Buffer.alloc(0);
		if (bound.named && (stat.isFIFO() || stat.isCharacterDevice()))
			return readPieces(path, bound, FIRST_PIECE, waitingReader(fd, path, stat, patience));
		throw strange(path, stat);
	} finally {
		closeQuietly(fd);
	}
}

/**
 * Makes sure that an open file is a regular one, or the null device, and no larger than the bound. Its size in bytes.
 * @param operation by which it is refused. @throws {Refusal}
 */
export function checkRegular(fd: number, path: string, bound: Bound, operation = "read"): number {
	const stat = fstatSync(fd);
	if (!stat.isFile() && !isNull(stat)) throw strange(path, stat, operation);
	if (stat.size > bound.bytes) throw tooLarge(path, bound, operation);
	return stat.size;
}

const isNull = (stat: Stats): boolean => stat.isCharacterDevice() && stat.rdev === NULL_DEVICE;

/** Opens for reading what may be a FIFO to which nobody writes, or a terminal. @throws {Refusal} by the operation for a socket, else what node throws */
export function openUnwaiting(path: string, operation = "read"): number {
	try {
		return openSync(onDisk(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch (thrown) {
		const refusal = refusalFor(operation, path, thrown);
		if (refusal.code !== "ENXIO") throw thrown;
		throw new Refusal({
			operation,
			subject: path,
			code: "ENXIO",
			reason: "it is a socket, or a device that is not there",
			cause: thrown,
		});
	}
}

function readRegular(fd: number, path: string, { size }: Stats, bound: Bound): Buffer {
	if (size > bound.bytes) throw tooLarge(path, bound);
	// One byte more tells at once that this was all.
	const first = size === 0 ? FIRST_PIECE : size + 1;
	return readPieces(path, bound, first, (piece) => readSync(fd, piece, 0, piece.length, null));
}

/** @param read fills a piece, in part maybe; 0 at the end. */
function readPieces(path: string, bound: Bound, first: number, read: (piece: Buffer) => number): Buffer {
	let content = Buffer.allocUnsafe(first);
	let length = 0;
	for (;;) {
		const got = read(content.subarray(length));
		if (got === 0) return content.subarray(0, length);
		length += got;
		if (length > bound.bytes) throw tooLarge(path, bound);
		if (length < content.length) continue;
		const larger = Buffer.allocUnsafe(Math.min(2 * content.length, bound.bytes + 1));
		content.copy(larger);
		content = larger;
	}
}

/**
 * Waits for each piece, for all of them no longer than its patience; and, where the pipe has a name, for whoever is to write into it:
 * to the kernel it is at its end until then.
 */
function waitingReader(fd: number, path: string, stat: Stats, patience: number): (piece: Buffer) => number {
	let awaitingWriter = stat.isFIFO() && !readlinkSync(`/proc/self/fd/${fd}`).startsWith("pipe:");
	const end = performance.now() + patience;
	return (piece) => {
		for (;;) {
			const got = readIfThere(fd, piece);
			if (got === 0 && !awaitingWriter) return 0;
			if (performance.now() > end) throw tooLate(path, patience);
			// Who has opened it and has written nothing yet is there, too. Who comes and goes within one pause is not seen.
			if (got !== 0) awaitingWriter = false;
			if (got) return got;
			pause();
		}
	};
}

function readIfThere(fd: number, piece: Buffer): number | undefined {
	try {
		return readSync(fd, piece, 0, piece.length, null);
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
		throw thrown;
	}
}

function pause(): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
}

function tooLate(path: string, patience: number): Refusal {
	const reason = `it has not come to its end after ${patience / 1000} s`;
	return new Refusal({ operation: "read", subject: path, code: "ETIMEDOUT", reason });
}

function tooLarge(path: string, bound: Bound, operation = "read"): Refusal {
	return new Refusal({ operation, subject: path, code: "EFBIG", reason: explainTooLarge(bound) });
}

function strange(path: string, stat: Stats, operation = "read"): Refusal {
	if (stat.isDirectory()) return new Refusal({ operation, subject: path, code: "EISDIR" });
	const kind = stat.isFIFO() ? "a FIFO" : stat.isSocket() ? "a socket" : "a device";
	return new Refusal({ operation, subject: path, code: "EINVAL", reason: `it is ${kind}, and no regular file` });
}
