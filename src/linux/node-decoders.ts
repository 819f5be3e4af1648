// Node's own decoders: of gzip (RFC 1952), and in newer ones of zstd (RFC 8878).

import { type Decoder, TooLarge } from "./decoder.js";

/** Memory is asked for in pieces of so many bytes. */
const CHUNK = 2 ** 16;

/** Node 24's: Node 22's takes a file that is cut short for a whole one. */
const FIRST_WITH_ZSTD = 24;

type Options = { readonly maxOutputLength: number; readonly chunkSize: number };
type Decode = (packed: Buffer, options: Options, done: (error: Error | null, content: Buffer) => void) => void;
/** The types are of Node 20. */
type Zlib = { readonly gunzip: Decode; readonly zstdDecompress?: Decode };

export async function findGunzip(): Promise<Decoder> {
	const { gunzip }: Zlib = await import("node:zlib");
	return { name: "node's gunzip", onThreads: true, decode: decodeBy(gunzip) };
}

export async function findNodeZstd(): Promise<Decoder | undefined> {
	if (Number.parseInt(process.versions.node, 10) < FIRST_WITH_ZSTD) return undefined;
	const { zstdDecompress }: Zlib = await import("node:zlib");
	return zstdDecompress && { name: "node's zstd", onThreads: true, decode: decodeBy(zstdDecompress) };
}

function decodeBy(decode: Decode): Decoder["decode"] {
	return (packed, limit) =>
		new Promise((resolve, reject) =>
			decode(packed, { maxOutputLength: limit, chunkSize: CHUNK }, (error: NodeJS.ErrnoException | null, content) => {
				if (error === null) resolve(content);
				else reject(error.code === "ERR_BUFFER_TOO_LARGE" ? new TooLarge() : error);
			}),
		);
}
