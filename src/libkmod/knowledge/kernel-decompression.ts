// Which compressed module files the kernel's own decoders can read (kernel/module/decompress.c, Documentation/staging/xz.rst).
// The file itself tells. Trying the kernel first would not do: the errno may be the answer of the module's init, and init must
// run only once.

import type { CompressedFile } from "../formats/compressed-file.js";
import { GZIP_MAGIC, parseGzipHeader } from "../formats/gzip-member.js";

/** Of the integrity checks of xz, the kernel knows none and CRC32. */
const CHECKS: readonly number[] = [0, 1];
/**
 * Bytes. The kernel accepts larger dictionaries if it gets the memory, but a file may ask for a gigabyte where its content
 * needs none.
 */
const KERNELS_LARGEST_DICTIONARY_BYTES = 2 ** 26;
/** Bytes: ZSTD_WINDOWLOG_LIMIT_DEFAULT is 27. */
const KERNELS_LARGEST_WINDOW_BYTES = 2 ** 27;
const DEFLATE = 8;

/**
 * Whether the kernel can decompress the file. All of the kernel's decoders stop at the end of the first member, stream or
 * frame.
 * @throws {Damage}
 */
export function isReadByKernel(file: CompressedFile): boolean {
	if (file.compression === "gzip") return isGzipRead(file.packed);
	if (file.compression === "xz") {
		const [stream, ...more] = file.streams;
		return (
			more.length === 0 &&
			CHECKS.includes(stream!.check) &&
			stream!.blocks.every(
				({ filters, dictionary }) => filters.length === 1 && dictionary <= KERNELS_LARGEST_DICTIONARY_BYTES,
			)
		);
	}
	const [frame, ...more] = file.frames;
	return frame?.start === 0 && more.length === 0 && frame.window <= KERNELS_LARGEST_WINDOW_BYTES;
}

function isGzipRead(packed: Buffer): boolean {
	const { plain, size } = parseGzipHeader(packed);
	// The bytes may be data that only looks like the header of a second member: then a false negative costs no more than time.
	return plain && packed.indexOf(Buffer.from([...GZIP_MAGIC, DEFLATE]), size) === -1;
}
