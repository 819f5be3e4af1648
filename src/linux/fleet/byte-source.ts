// Reads a file or pipe that a call names piece by piece, without blocking this thread. An empty pipe is looked at again after some
// milliseconds, and no thread of the pool waits in read(2), so that the process can end while nothing comes.

import { constants, fstatSync, open, openSync, read, type Stats } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";

/** The pieces of an input. A piece is valid until the next one is asked for. @throws {Refusal} by "read" */
export type Pieces = AsyncGenerator<Buffer, void, undefined>;

export type ByteSource = {
	readonly pieces: Pieces;
	/** Ends the reading, even while a piece is awaited. */
	close(): void;
};

/** Bytes of one read(2) of a file. */
const PIECE_BYTES = 2 ** 20;
const STANDARD_INPUT = 0;

const openLater = promisify(open);
const readLater = promisify(read);

/** @param path "-" is standard input @throws {Refusal} by "read" when the file cannot be opened, or is a directory */
export async function openSource(path: string): Promise<ByteSource> {
	try {
		const fd = path === "-" ? STANDARD_INPUT : await openLater(onDisk(path), constants.O_RDONLY | constants.O_NOCTTY);
		const stat = fstatSync(fd);
		if (stat.isDirectory()) throw new Refusal({ operation: "read", subject: path, code: "EISDIR" });
		return openKind(fd, stat, path);
	} catch (thrown) {
		throw refusalFor("read", path, thrown);
	}
}

function openKind(fd: number, stat: Stats, path: string): ByteSource {
	if (stat.isFIFO()) {
		const unblocking = reopen(fd);
		if (unblocking !== undefined) return pipeSource(unblocking, fd, path);
	}
	const isStream = fd === STANDARD_INPUT && (stat.isFIFO() || stat.isSocket());
	if (isStream) return streamSource(new Socket({ fd, readable: true, writable: false }), path);
	return { pieces: readPieces(fd, path), close() {} };
}

/**
 * A pipe is opened anew where that is possible, since a descriptor that is made non-blocking is so for all processes that share it.
 * Undefined without /proc, or for a pipe of another user.
 */
function reopen(fd: number): number | undefined {
	try {
		return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
	} catch {
		return undefined;
	}
}

/**
 * Reads a pipe without blocking. No Socket of node's owns the descriptor: node would close it once more when a worker thread ends,
 * and then it may be another file's.
 */
function pipeSource(fd: number, original: number, path: string): ByteSource {
	let isBegun = false;
	let isOver = false;
	function end(): void {
		closeQuietly(fd);
		if (original !== STANDARD_INPUT) closeQuietly(original);
	}
	async function* read(): Pieces {
		isBegun = true;
		const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
		try {
			for (let wait = SHORTEST_WAIT_MILLISECONDS; !isOver; ) {
				const bytes = await readWaiting(fd, piece);
				if (bytes === 0) return;
				if (bytes === undefined) {
					await pause(wait);
					wait = Math.min(2 * wait, LONGEST_WAIT_MILLISECONDS);
				} else {
					wait = SHORTEST_WAIT_MILLISECONDS;
					yield piece.subarray(0, bytes);
				}
			}
		} catch (thrown) {
			throw refusalFor("read", path, thrown);
		} finally {
			end();
		}
	}
	return {
		pieces: read(),
		close() {
			if (!isBegun && !isOver) end();
			isOver = true;
		},
	};
}

const SHORTEST_WAIT_MILLISECONDS = 1;
const LONGEST_WAIT_MILLISECONDS = 16;

/** Undefined while the pipe is empty and has a writer. */
async function readWaiting(fd: number, piece: Buffer): Promise<number | undefined> {
	try {
		return (await readLater(fd, piece, 0, piece.length, null)).bytesRead;
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
		throw thrown;
	}
}

const streamSource = (stream: Socket, path: string): ByteSource => ({
	pieces: readStream(stream, path),
	close: () => stream.destroy(),
});

async function* readStream(stream: Socket, path: string): Pieces {
	try {
		for await (const piece of stream) yield piece as Buffer;
	} catch (thrown) {
		throw refusalFor("read", path, thrown);
	} finally {
		stream.destroy();
	}
}

async function* readPieces(fd: number, path: string): Pieces {
	const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
	try {
		for (;;) {
			const { bytesRead } = await readLater(fd, piece, 0, piece.length, null);
			if (bytesRead === 0) return;
			yield piece.subarray(0, bytesRead);
		}
	} catch (thrown) {
		throw refusalFor("read", path, thrown);
	} finally {
		if (fd !== STANDARD_INPUT) closeQuietly(fd);
	}
}
