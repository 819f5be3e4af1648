// Compressed module files: .ko.gz (RFC 1952), .ko.xz and .ko.zst (RFC 8878), told by their first bytes and never by their names.
// xz as the kernel itself reads it: LZMA2 alone, with CRC32, CRC64 or no check.

import { constants } from "node:os";
import { setImmediate } from "node:timers/promises";
import { largestWindow } from "../libkmod/formats/zstd-frames.js";
import { Refusal } from "../libkmod/kernel.js";

/** As /sys/module/compression spells them. */
export type Compression = "gzip" | "xz" | "zstd";

/** How much of a file {@link compressionOf} asks to see, in bytes. */
export const MAGIC_SIZE = 6;

/** No module is larger, with all its debugging information; beyond it, a file of a few kilobytes could eat the machine. */
const LARGEST_MODULE = 2 ** 30;
/** What zstd(1) takes too, unless told otherwise. */
const LARGEST_WINDOW = 2 ** 27;
/** Decoders in JavaScript let the event loop turn once for so many bytes of their input. */
const SLICE = 2 ** 16;

const MAGIC: readonly (readonly [Compression, Buffer])[] = [
	["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
	["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
	["gzip", Buffer.from([0x1f, 0x8b])],
];

/** By the first {@link MAGIC_SIZE} bytes of a file, or undefined where they are none of a compressed file, or too few. */
export function compressionOf(head: Uint8Array): Compression | undefined {
	if (head.length < MAGIC_SIZE) return undefined;
	return MAGIC.find(([, magic]) => magic.equals(head.subarray(0, magic.length)))?.[0];
}

/**
 * The file's content. @param path names it in errors.
 * @throws {Refusal} EINVAL for a file that is damaged, cut or compressed in a way that is not understood; EFBIG for one that
 * would fill more than `limit` bytes.
 */
export async function decompress(
	compression: Compression,
	packed: Buffer,
	path: string,
	limit = LARGEST_MODULE,
): Promise<Buffer> {
	try {
		return await decoders[compression](packed, limit);
	} catch (thrown) {
		const tooLarge = thrown instanceof TooLarge || (thrown as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
		const code = tooLarge ? "EFBIG" : "EINVAL";
		const refusal = new Refusal("decompress", path, code, constants.errno[code]);
		refusal.cause = thrown;
		throw refusal;
	}
}

type Decoder = (packed: Buffer, limit: number) => Promise<Buffer>;

/** As of Node 22.15; the types are of Node 20. */
type NativeZstd = {
	readonly zstdDecompress?: (
		packed: Buffer,
		options: { readonly maxOutputLength: number },
		done: (error: Error | null, content: Buffer) => void,
	) => void;
};

const decoders: Readonly<Record<Compression, Decoder>> = {
	async gzip(packed, limit) {
		const { gunzip } = await import("node:zlib");
		const options = { maxOutputLength: limit, chunkSize: SLICE };
		return settled((done) => gunzip(packed, options, done));
	},
	async zstd(packed, limit) {
		if (largestWindow(packed) > LARGEST_WINDOW) throw new TooLarge();
		const zlib: object = await import("node:zlib");
		const { zstdDecompress } = zlib as NativeZstd;
		// Node 22's takes a file that is cut short for a whole one.
		if (zstdDecompress && Number.parseInt(process.versions.node, 10) >= 24)
			return settled((done) => zstdDecompress(packed, { maxOutputLength: limit }, done));
		return oneAtATime(() => unpackZstd(packed, limit));
	},
	xz: (packed, limit) => oneAtATime(() => unpackXz(packed, limit)),
};

function settled<T>(begin: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
	return new Promise((resolve, reject) => begin((error, value) => (error ? reject(error) : resolve(value))));
}

async function unpackZstd(packed: Buffer, limit: number): Promise<Buffer> {
	const { Decompress } = await import("fzstd");
	const content = new Content(limit);
	const decoder = new Decompress((chunk) => content.add(chunk));
	for (let at = 0; at < packed.length; at += SLICE) {
		decoder.push(packed.subarray(at, at + SLICE), at + SLICE >= packed.length);
		await setImmediate();
	}
	return content.whole();
}

async function unpackXz(packed: Buffer, limit: number): Promise<Buffer> {
	const { default: xz } = await import("xz-decompress");
	const content = new Content(limit);
	const source = new ReadableStream<Uint8Array>({
		start(controller) {
			controller.enqueue(packed);
			controller.close();
		},
	});
	// Leaving the loop early cancels the stream, without which the package would let no other begin.
	for await (const chunk of new xz.XzReadableStream(source)) content.add(chunk);
	return content.whole();
}

let last: Promise<unknown> = Promise.resolve();

/** Both decoders run on the one thread of JavaScript: side by side they would only take more memory. */
function oneAtATime(unpack: () => Promise<Buffer>): Promise<Buffer> {
	const mine = last.then(unpack);
	last = mine.catch(() => undefined);
	return mine;
}

class TooLarge extends Error {}

class Content {
	readonly #limit: number;
	readonly #chunks: Uint8Array[] = [];
	#size = 0;
	constructor(limit: number) {
		this.#limit = limit;
	}
	add(chunk: Uint8Array): void {
		this.#size += chunk.length;
		if (this.#size > this.#limit) throw new TooLarge();
		this.#chunks.push(chunk);
	}
	whole(): Buffer {
		return Buffer.concat(this.#chunks, this.#size);
	}
}
