// Decodes gzip (RFC 1952) by node's own inflate, in the way of zlib's gzread(): all members of a file, one after the other. Bytes
// behind the last member are ignored.

import type { Zlib, ZlibOptions } from "node:zlib";
import type { GzipFile } from "../../libkmod/formats/compressed-file.js";
import { crc32 } from "../../libkmod/formats/crc32.js";
import { cut, damaged, tooManyParts } from "../../libkmod/formats/damage.js";
import { GZIP_MAGIC, GZIP_TRAILER_SIZE, parseGzipHeader } from "../../libkmod/formats/gzip-member.js";
import { MOST_PARTS } from "../../libkmod/kernel/bounds.js";
import { type Decoder, OutOfMemory, TooLarge } from "./decoder.js";

/** zlib allocates its output in pieces of so many bytes. */
const CHUNK_BYTES = 2 ** 16;

export const gunzip: Decoder<GzipFile> = {
	name: "gunzip",
	onThreads: true,
	async decode({ packed }, limit) {
		const members: Buffer[] = [];
		let size = 0;
		let rest = packed;
		do {
			if (members.length === MOST_PARTS) throw tooManyParts("members");
			const member = await decodeMember(rest, limit - size);
			members.push(members.length === 0 ? member.content : ownCopy(member.content));
			size += member.content.length;
			rest = rest.subarray(member.size);
		} while (rest.length > GZIP_MAGIC.length && rest.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC));
		return members.length === 1 ? members[0]! : Buffer.concat(members, size);
	},
};

/** Copies a short content, so that zlib's piece of 64 KiB can be freed: a file may have many short members. */
function ownCopy(content: Buffer): Buffer {
	return content.length < CHUNK_BYTES ? Buffer.from(content) : content;
}

/** Decodes the first member. @returns its content, and how many bytes the member takes in the file */
export async function decodeMember(packed: Buffer, limit: number): Promise<{ content: Buffer; size: number }> {
	const header = parseGzipHeader(packed);
	const { content, size } = await inflate(packed.subarray(header.size), limit);
	const trailer = packed.subarray(header.size + size);
	if (trailer.length < GZIP_TRAILER_SIZE) throw cut();
	if (trailer.readUInt32LE(0) !== crc32(content) || trailer.readUInt32LE(4) !== content.length % 2 ** 32)
		throw damaged();
	return { content, size: header.size + size + GZIP_TRAILER_SIZE };
}

/** The result with the option `info`: the content, and the engine, which knows how many bytes of the input it has read. */
type Inflated = { readonly buffer: Buffer; readonly engine: Zlib };

async function inflate(packed: Buffer, limit: number): Promise<{ content: Buffer; size: number }> {
	const { inflateRaw } = await import("node:zlib");
	// A limit of at least one byte, since zlib's binding does not accept 0.
	const options: ZlibOptions = { maxOutputLength: Math.max(limit, 1), chunkSize: CHUNK_BYTES, info: true };
	return new Promise((resolve, reject) =>
		inflateRaw(packed, options, (error: NodeJS.ErrnoException | null, inflated: unknown) => {
			if (error !== null) reject(asDecoderSays(error));
			else {
				const { buffer, engine } = inflated as Inflated;
				resolve({ content: buffer, size: engine.bytesWritten });
			}
		}),
	);
}

function asDecoderSays({ code }: NodeJS.ErrnoException): Error {
	if (code === "ERR_BUFFER_TOO_LARGE") return new TooLarge();
	if (code === "Z_MEM_ERROR") return new OutOfMemory();
	return code === "Z_BUF_ERROR" ? cut() : damaged();
}
