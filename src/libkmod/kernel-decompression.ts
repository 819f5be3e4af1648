// Which compressed module files the kernel's own decoders read (kernel/module/decompress.c, Documentation/staging/xz.rst), told by the
// file itself: once the kernel was asked, an errno may be what the module's init has answered, and init is to run once.

import { GZIP_MAGIC, parseGzipHeader } from "./formats/gzip-member.js";
import { parseXz } from "./formats/xz-file.js";
import { parseZstd } from "./formats/zstd-frames.js";

/** Of the checks of xz it knows none and CRC32. */
const CHECKS: readonly number[] = [0, 1];
/** It would take more, had it the memory: the file may ask for a gigabyte where its content needs none. */
const LARGEST_DICTIONARY = 2 ** 26;
/** ZSTD_WINDOWLOG_LIMIT_DEFAULT is 27. */
const LARGEST_WINDOW = 2 ** 27;
const DEFLATE = 8;

/** All of them stop at the end of the first member, stream or frame. @throws {Damage} */
export const kernelReads: Readonly<Record<"gzip" | "xz" | "zstd", (packed: Buffer) => boolean>> = {
	gzip(packed) {
		const { plain, size } = parseGzipHeader(packed);
		// It may be data that looks so: then nothing is lost but some time.
		return plain && packed.indexOf(Buffer.from([...GZIP_MAGIC, DEFLATE]), size) === -1;
	},
	xz(packed) {
		const [stream, ...more] = parseXz(packed);
		return (
			more.length === 0 &&
			CHECKS.includes(stream!.check) &&
			stream!.blocks.every(({ filters, dictionary }) => filters.length === 1 && dictionary <= LARGEST_DICTIONARY)
		);
	},
	zstd(packed) {
		const [frame, ...more] = parseZstd(packed);
		return frame?.start === 0 && more.length === 0 && frame.window <= LARGEST_WINDOW;
	},
};
