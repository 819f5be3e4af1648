// Which compressed module files the kernel's own decoders read (kernel/module/decompress.c, Documentation/staging/xz.rst), told by the
// file itself: once the kernel was asked, an errno may be what the module's init has answered, and init is to run once.

import type { CompressedFile } from "../formats/compressed-file.js";
import { GZIP_MAGIC, parseGzipHeader } from "../formats/gzip-member.js";

/** Of the checks of xz it knows none and CRC32. */
const CHECKS: readonly number[] = [0, 1];
/** It would take more, had it the memory: the file may ask for a gigabyte where its content needs none. */
const KERNELS_LARGEST_DICTIONARY = 2 ** 26;
/** ZSTD_WINDOWLOG_LIMIT_DEFAULT is 27. */
const KERNELS_LARGEST_WINDOW = 2 ** 27;
const DEFLATE = 8;

/** All of its decoders stop at the end of the first member, stream or frame. @throws {Damage} */
export function isReadByKernel(file: CompressedFile): boolean {
	if (file.compression === "gzip") return isGzipRead(file.packed);
	if (file.compression === "xz") {
		const [stream, ...more] = file.streams;
		return (
			more.length === 0 &&
			CHECKS.includes(stream!.check) &&
			stream!.blocks.every(
				({ filters, dictionary }) => filters.length === 1 && dictionary <= KERNELS_LARGEST_DICTIONARY,
			)
		);
	}
	const [frame, ...more] = file.frames;
	return frame?.start === 0 && more.length === 0 && frame.window <= KERNELS_LARGEST_WINDOW;
}

function isGzipRead(packed: Buffer): boolean {
	const { plain, size } = parseGzipHeader(packed);
	// It may be data that looks so: then nothing is lost but some time.
	return plain && packed.indexOf(Buffer.from([...GZIP_MAGIC, DEFLATE]), size) === -1;
}
