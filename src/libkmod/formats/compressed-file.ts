// A compressed module file, parsed once without decoding it, for every question before it is decoded.

import { parseXz, type XzStream } from "./xz-file.js";
import { parseZstd, type ZstdFrame } from "./zstd-frames.js";

export type GzipFile = { readonly compression: "gzip"; readonly packed: Buffer };
export type XzFile = { readonly compression: "xz"; readonly packed: Buffer; readonly streams: readonly XzStream[] };
export type ZstdFile = { readonly compression: "zstd"; readonly packed: Buffer; readonly frames: readonly ZstdFrame[] };
export type CompressedFile = GzipFile | XzFile | ZstdFile;

/** The compression, as spelled in /sys/module/compression. */
export type Compression = CompressedFile["compression"];

/** Parses the file. The content of a gzip file is known only to a decoder. @throws {Damage} */
export function parseCompressed(compression: Compression, packed: Buffer): CompressedFile {
	if (compression === "xz") return { compression, packed, streams: parseXz(packed) };
	if (compression === "zstd") return { compression, packed, frames: parseZstd(packed) };
	return { compression, packed };
}
