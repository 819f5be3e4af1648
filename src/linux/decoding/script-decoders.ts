// Decoders in JavaScript and WebAssembly, which are always available: zstd (RFC 8878), and xz with about the limits of the
// kernel's own decoder: only the filter LZMA2, CRC32, CRC64 or no check, and a dictionary of at most 64 MiB.

import { setImmediate } from "node:timers/promises";
import pLimit from "p-limit";
import type { XXHashAPI } from "xxhash-wasm";
import type { XzFile, ZstdFile } from "../../libkmod/formats/compressed-file.js";
import { damaged, unsupported } from "../../libkmod/formats/damage.js";
import { type Decoder, TooLarge } from "./decoder.js";

/** Bytes of input that are decoded in one turn of the event loop. */
const SLICE_BYTES = 2 ** 16;

/** Both decoders run on the thread of JavaScript: side by side they would only take more memory. */
const oneAtATime = pLimit(1);

export const fzstd: Decoder<ZstdFile> = {
	name: "fzstd",
	onThreads: false,
	decode: (file, limit) => oneAtATime(() => decodeZstd(file, limit)),
};

export const xzDecompress: Decoder<XzFile> = {
	name: "xz-decompress",
	onThreads: false,
	decode: (file, limit) => oneAtATime(() => decodeXz(file, limit)),
};

/** The checksum of a zstd frame, which is given the content chunk by chunk: the lower 32 bits of its XXH64. */
async function openChecksum() {
	const { default: open } = await import("xxhash-wasm");
	hashes ??= open();
	const hash = (await hashes).create64();
	return {
		add: (chunk: Uint8Array) => void hash.update(chunk),
		low: () => Number(BigInt.asUintN(32, hash.digest())),
	};
}

/** One instance of WebAssembly for all frames. */
let hashes: Promise<XXHashAPI> | undefined;

/** Checks checksums and sizes of content here, since fzstd ignores both. */
async function decodeZstd({ packed, frames }: ZstdFile, limit: number): Promise<Buffer> {
	const all: Buffer[] = [];
	let size = 0;
	for (const frame of frames) {
		const checksum = frame.checksum === undefined ? undefined : await openChecksum();
		const content = await decodeFrame(packed.subarray(frame.start, frame.end), limit - size, checksum?.add);
		size += content.length;
		if (frame.contentSize !== undefined && frame.contentSize !== content.length) throw damaged();
		if (frame.checksum !== checksum?.low()) throw damaged();
		all.push(content);
	}
	return all.length === 1 ? all[0]! : Buffer.concat(all, size);
}

async function decodeFrame(packed: Buffer, limit: number, follow?: (chunk: Uint8Array) => void): Promise<Buffer> {
	const { Decompress } = await import("fzstd");
	const content = new Content(limit);
	const decoder = new Decompress((chunk) => {
		content.add(chunk);
		follow?.(chunk);
	});
	for (let at = 0; at < packed.length; at += SLICE_BYTES) {
		decoder.push(packed.subarray(at, at + SLICE_BYTES), at + SLICE_BYTES >= packed.length);
		await setImmediate();
	}
	return content.whole();
}

const CHECKS: readonly number[] = [0, 1, 4];
const LZMA2_ALONE = 1;

async function decodeXz({ packed, streams }: XzFile, limit: number): Promise<Buffer> {
	for (const { check, blocks } of streams) {
		if (!CHECKS.includes(check)) throw unsupported("its kind of checksum");
		if (blocks.some(({ filters }) => filters.length > LZMA2_ALONE)) throw unsupported("a filter beside LZMA2");
	}
	const { default: xz } = await import("xz-decompress");
	const content = new Content(limit);
	const source = new ReadableStream<Uint8Array>({
		start(controller) {
			controller.enqueue(packed);
			controller.close();
		},
	});
	// An error inside the loop cancels the stream: the package lets no other stream begin before this one has ended.
	for await (const chunk of new xz.XzReadableStream(source)) content.add(chunk);
	return content.whole();
}

/** Bytes. Smaller pieces are copied together, since each piece is an object, and a block may have a single byte. */
const PIECE_BYTES = 2 ** 16;

class Content {
	readonly #limit: number;
	readonly #pieces: Uint8Array[] = [];
	#gathered = Buffer.alloc(0);
	#length = 0;
	#size = 0;
	constructor(limit: number) {
		this.#limit = limit;
	}
	add(chunk: Uint8Array): void {
		this.#size += chunk.length;
		if (this.#size > this.#limit) throw new TooLarge();
		if (this.#length + chunk.length > this.#gathered.length) this.#endPiece();
		if (chunk.length >= PIECE_BYTES) this.#pieces.push(chunk);
		else this.#gather(chunk);
	}
	whole(): Buffer {
		this.#endPiece();
		return Buffer.concat(this.#pieces, this.#size);
	}
	#gather(chunk: Uint8Array): void {
		if (this.#gathered.length === 0) this.#gathered = Buffer.allocUnsafeSlow(PIECE_BYTES);
		this.#gathered.set(chunk, this.#length);
		this.#length += chunk.length;
	}
	#endPiece(): void {
		if (this.#length > 0) this.#pieces.push(this.#gathered.subarray(0, this.#length));
		this.#gathered = Buffer.alloc(0);
		this.#length = 0;
	}
}
