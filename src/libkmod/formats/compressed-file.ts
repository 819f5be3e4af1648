// A compressed module file, walked over once: whoever asks something of it before it is decoded asks this.

import { parseXz, type XzStream } from "./xz-file.js";
import { parseZstd, type ZstdFrame } from "./zstd-frames.js";

export type GzipFile = { readonly compression: "gzip"; readonly packed: Buffer };
export type XzFile = { readonly compression: "xz"; readonly packed: Buffer; readonly streams: readonly XzStream[] };
export type ZstdFile = { readonly compression: "zstd"; readonly packed: Buffer; readonly frames: readonly ZstdFrame[] };
export type CompressedFile = GzipFile | XzFile | ZstdFile;

/** As /sys/module/compression spells them. */
export type Compression = CompressedFile["compression"];

/** Of gzip only a decoder finds out what is in it. @throws {Damage} */
export function parseCompressed(compression: Compression, packed: Buffer): CompressedFile {
	if (compression === "xz") return { compression, packed, streams: parseXz(packed) };
	if (compression === "zstd") return { compression, packed, frames: parseZstd(packed) };
	return { compression, packed };
}
