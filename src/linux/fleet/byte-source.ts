// Reads a file or pipe that a call names piece by piece, without blocking this thread. A pipe or socket is awaited by the event loop,
// not by a thread of the pool, so that the process can end while nothing comes.

import { constants, fstatSync, open, openSync, read, type Stats } from "node:fs";
import { Socket } from "node:net";
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
		return isAwaited(stat) ? streamSource(openStream(fd, stat), path) : { pieces: readPieces(fd, path), close() {} };
	} catch (thrown) {
		throw refusalFor("read", path, thrown);
	}
}

const isAwaited = (stat: Stats): boolean => stat.isFIFO() || stat.isSocket();

/**
 * Standard input is opened anew where that is possible, since node makes a descriptor non-blocking, which other processes that share
 * it would notice.
 */
function openStream(fd: number, stat: Stats): Socket {
	return new Socket({ fd: fd === STANDARD_INPUT && stat.isFIFO() ? reopen(fd) : fd, readable: true, writable: false });
}

function reopen(fd: number): number {
	try {
		return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
	} catch {
		// Without /proc, or with a pipe of another user.
		return fd;
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
