// The header of a gzip member (RFC 1952, section 2.3).

import { crc32 } from "./crc32.js";
import { cut, damaged, unsupported } from "./damage.js";

export const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
/** Bytes after the data: a CRC-32 and the size of the content. */
export const GZIP_TRAILER_SIZE = 8;

const FIXED_SIZE = 10;
const DEFLATE = 8;
const flags = { headerCrc: 0x02, extra: 0x04, name: 0x08, comment: 0x10, reserved: 0xe0 } as const;

export type GzipHeader = {
	/** Size of the header in bytes. */
	readonly size: number;
	/**
	 * Whether the header has no optional field but a file name, the only one that the kernel skips
	 * (kernel/module/decompress.c).
	 */
	readonly plain: boolean;
};

/** @throws {Damage} */
export function parseGzipHeader(bytes: Buffer): GzipHeader {
	if (!bytes.subarray(0, 2).equals(GZIP_MAGIC.subarray(0, bytes.length))) throw damaged();
	if (bytes.length < FIXED_SIZE) throw cut();
	const given = bytes[3]!;
	if (bytes[2] !== DEFLATE || (given & flags.reserved) !== 0) throw unsupported("gzip of another kind than deflate");
	let size = FIXED_SIZE;
	if (given & flags.extra) {
		if (size + 2 > bytes.length) throw cut();
		size += 2 + bytes.readUInt16LE(size);
	}
	for (const flag of [flags.name, flags.comment]) {
		if ((given & flag) === 0) continue;
		const end = bytes.indexOf(0, size);
		if (end === -1) throw cut();
		size = end + 1;
	}
	if (given & flags.headerCrc) size += 2;
	if (size > bytes.length) throw cut();
	if (given & flags.headerCrc && (crc32(bytes.subarray(0, size - 2)) & 0xffff) !== bytes.readUInt16LE(size - 2))
		throw damaged();
	return { size, plain: (given & (flags.headerCrc | flags.extra | flags.comment)) === 0 };
}
