// Reads one file to its end, but no more bytes than a bound, whatever kind of file it is: open(2) without blocking, fstat(2), and
// then at most one byte more than the bound. A FIFO, a terminal or another character device is read only where a user has named
// the file, and with a timeout.

import { constants, fstatSync, openSync, readlinkSync, readSync, type Stats } from "node:fs";
import { type Bound, explainTooLarge } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { closeQuietly } from "./descriptor.js";
import { onDisk } from "./disk-path.js";
import { isNullDevice } from "./null-device.js";
import { refusalFor } from "./refusal.js";

/** Bytes of the first read of a file whose size is reported as 0, as in /proc. */
const FIRST_PIECE_BYTES = 4096;
/** Milliseconds that the writer of a pipe may take for all its bytes. */
const PATIENCE_MILLISECONDS = 60_000;
const PAUSE_MILLISECONDS = 5;

/** The content of a file. @param patienceMilliseconds milliseconds for a pipe or a character device @throws {Refusal} by "read" */
export function readBounded(path: string, bound: Bound, patienceMilliseconds = PATIENCE_MILLISECONDS): Buffer {
	const fd = openUnwaiting(path);
	try {
		const stat = fstatSync(fd);
		if (stat.isFile()) return readRegular(fd, path, stat, bound);
		if (isNullDevice(stat)) return Buffer.alloc(0);
		if (bound.named && (stat.isFIFO() || stat.isCharacterDevice()))
			return readPieces(path, bound, FIRST_PIECE_BYTES, waitingReader(fd, path, stat, patienceMilliseconds));
		throw strange(path, stat);
	} finally {
		closeQuietly(fd);
	}
}

/**
 * The size in bytes of an open file, which must be a regular file, or the null device, and no larger than the bound.
 * @param operation the operation of the Refusal
 * @throws {Refusal} EFBIG, EISDIR or EINVAL
 */
export function checkRegular(fd: number, path: string, bound: Bound, operation = "read"): number {
	const stat = fstatSync(fd);
	if (!stat.isFile() && !isNullDevice(stat)) throw strange(path, stat, operation);
	if (stat.size > bound.bytes) throw tooLarge(path, bound, operation);
	return stat.size;
}

/**
 * Opens a file for reading without blocking, even if it is a FIFO that has no writer, or a terminal.
 * @throws {Refusal} ENXIO by the operation for a socket or an absent device, else node's error
 */
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
			reason: "it is a socket, or a device that does not exist",
			cause: thrown,
		});
	}
}

function readRegular(fd: number, path: string, { size }: Stats, bound: Bound): Buffer {
	if (size > bound.bytes) throw tooLarge(path, bound);
	// With room for one byte more, the first read shows that the file has ended.
	const first = size === 0 ? FIRST_PIECE_BYTES : size + 1;
	return readPieces(path, bound, first, (piece) => readSync(fd, piece, 0, piece.length, null));
}

/** @param read fills a piece, maybe in part, and returns the number of bytes: 0 at the end of the file */
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
 * Returns a function that waits for the next piece. All calls together wait no longer than
 * `patienceMilliseconds`. For a FIFO with a name the function also waits for a writer: until a writer opens it, read(2) reports
 * the end of the file.
 */
function waitingReader(fd: number, path: string, stat: Stats, patienceMilliseconds: number): (piece: Buffer) => number {
	let awaitingWriter = stat.isFIFO() && !readlinkSync(`/proc/self/fd/${fd}`).startsWith("pipe:");
	const end = performance.now() + patienceMilliseconds;
	return (piece) => {
		for (;;) {
			const got = readIfThere(fd, piece);
			if (got === 0 && !awaitingWriter) return 0;
			if (performance.now() > end) throw tooLate(path, patienceMilliseconds);
			// EAGAIN means that a writer has opened the FIFO and has written nothing yet. A writer that opens and closes it within one
			// pause is missed.
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
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLISECONDS);
}

function tooLate(path: string, patienceMilliseconds: number): Refusal {
	const reason = `no end of file after ${patienceMilliseconds / 1000} s`;
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
