// Decompresses an input piece by piece: gzip by node's zlib, zstd by node's zlib where it has that, or else by fzstd.

import { pipeline, Readable, type Transform } from "node:stream";
import type { Compression } from "../../libkmod/formats/compressed-file.js";
import { Damage } from "../../libkmod/formats/damage.js";
import { ZstdWindows } from "../../libkmod/formats/zstd-windows.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { compressionOf, MAGIC_SIZE } from "../decoding/module-file.js";
import type { Pieces } from "./byte-source.js";

/** Bytes of one piece of content. */
const PIECE_BYTES = 2 ** 18;
/** Bytes of compressed input that are decoded at once: a piece of zstd becomes some hundred times as much at most. */
const SLICE_BYTES = 2 ** 16;

/**
 * The content of a source, which is decompressed if its first bytes say so.
 * @param path names the source in errors
 * @throws {Refusal} by "read": EINVAL for damaged content, or for a compression that cannot be read piece by piece
 */
export async function* decompressed(source: Pieces, path: string): Pieces {
	const head = await readHead(source);
	const whole = follow(head, source);
	const compression = compressionOf(head);
	try {
		yield* compression === undefined ? whole : await open(compression, whole);
	} catch (thrown) {
		throw refusalOf(path, thrown);
	}
}

/** The first bytes of gzip, zstd and xz: a line of JSON begins with none of them. */
const FIRST_BYTES: ReadonlySet<number | undefined> = new Set([0x1f, 0x28, 0xfd]);

/** The first bytes: as many as tell a compression, or all that there are. A short line of a slow pipe is not kept waiting. */
async function readHead(source: Pieces): Promise<Buffer> {
	let head = Buffer.alloc(0);
	while (head.length === 0 || (head.length < MAGIC_SIZE && FIRST_BYTES.has(head[0]))) {
		const { value, done } = await source.next();
		if (done) break;
		// A copy, since a piece is valid until the next one.
		head = Buffer.concat([head, value]);
	}
	return head;
}

async function* follow(head: Buffer, source: Pieces): Pieces {
	if (head.length > 0) yield head;
	yield* source;
}

async function open(compression: Compression, packed: Pieces): Promise<Pieces> {
	if (compression === "xz") throw new Damage("unsupported", "xz is not read piece by piece here: xz -dc and a pipe do");
	const zlib: NewerZlib = await import("node:zlib");
	if (compression === "gzip") return through(packed, zlib.createGunzip({ chunkSize: PIECE_BYTES }));
	if (zlib.createZstdDecompress !== undefined)
		return through(packed, zlib.createZstdDecompress({ chunkSize: PIECE_BYTES }));
	return unpackZstd(packed);
}

/** zlib of node 22.15 and later, which the types of node 20 lack. Its decoder of zstd takes windows of up to 128 MiB. */
type NewerZlib = typeof import("node:zlib") & {
	createZstdDecompress?(options: { readonly chunkSize: number }): Transform;
};

async function* through(packed: Pieces, decoder: Transform): Pieces {
	// An error of either ends the decoder with it, and so the loop.
	pipeline(Readable.from(copies(packed)), decoder, () => undefined);
	for await (const piece of decoder) yield piece as Buffer;
}

/** Copies of the pieces, since a stream reads ahead. */
async function* copies(source: Pieces): Pieces {
	for await (const piece of source) yield Buffer.from(piece);
}

async function* unpackZstd(packed: Pieces): Pieces {
	const { Decompress } = await import("fzstd");
	const windows = new ZstdWindows();
	let content: Buffer[] = [];
	const decoder = new Decompress((piece) => {
		content.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
	});
	for await (const piece of packed) {
		for (let at = 0; at < piece.length; at += SLICE_BYTES) {
			const slice = piece.subarray(at, at + SLICE_BYTES);
			windows.push(slice);
			// A copy, since the decoder keeps what is left of it.
			decoder.push(new Uint8Array(slice));
			yield* content;
			content = [];
		}
	}
	windows.end();
	decoder.push(new Uint8Array(0), true);
	yield* content;
}

/** zlib's codes for content that is damaged or cut off begin with Z_ or ZSTD_; an error of fzstd has a number. */
function refusalOf(path: string, thrown: unknown): unknown {
	if (thrown instanceof Refusal) return thrown;
	const { code } = thrown as { readonly code?: unknown };
	const isOfDecoder = typeof code === "number" || /^(?:Z|ZSTD)_|^ERR_ZSTD|^ERR_ZLIB/.test(String(code));
	if (!(thrown instanceof Damage) && !isOfDecoder) return thrown;
	const reason = thrown instanceof Damage ? thrown.message : "its compression is damaged, or cut off";
	return new Refusal({ operation: "read", subject: path, code: "EINVAL", reason, cause: thrown });
}
