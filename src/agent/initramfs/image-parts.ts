// How a part of an initramfs image begins: the parts lie one behind the other, with zeros between them, each an archive or
// compressed (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst, lib/decompress.c).

import { isCpio } from "./cpio-archive.js";

export type PartKind =
	| { readonly kind: "archive" }
	/** By a compression that is decompressed here. */
	| { readonly kind: "compressed"; readonly by: "gzip" | "xz" | "zstd" }
	/** `why` is the end of a sentence that begins with "the part at byte N". */
	| { readonly kind: "unsupported"; readonly why: string };

const compressed = (by: "gzip" | "xz" | "zstd"): PartKind => ({ kind: "compressed", by });
const other = (by: string): PartKind => ({
	kind: "unsupported",
	why: `is compressed by ${by}, which hotplugd does not decompress: decompress it first, or make the image with zstd, xz or gzip`,
});
const unsupported = (why: string): PartKind => ({ kind: "unsupported", why });

/** By the first bytes, in hexadecimal. */
const BEGINNINGS: readonly (readonly [string, PartKind])[] = [
	["1f8b", compressed("gzip")],
	["fd377a585a00", compressed("xz")],
	["28b52ffd", compressed("zstd")],
	["02214c18", other("lz4")],
	["04224d18", other("lz4")],
	["425a68", other("bzip2")],
	["5d0000", other("lzma")],
	["894c5a4f", other("lzo")],
	["303730373037", unsupported("is a cpio archive in the old portable format, which no kernel unpacks")],
	["c771", unsupported("is a cpio archive in the old binary format, which no kernel unpacks")],
	["27051956", unsupported("is an image for U-Boot: take off its header, the first 64 bytes")],
	["4d5a", unsupported("is an EFI program, maybe a unified kernel image: take its section .initrd out first")],
	["7f454c46", unsupported("is an ELF file")],
	["68737173", unsupported("is a SquashFS file system, and no initramfs")],
];

/** The kind of the part at an offset. Undefined when nothing begins with these bytes. */
export function partAt(bytes: Buffer, at: number): PartKind | undefined {
	if (isCpio(bytes, at)) return { kind: "archive" };
	const head = bytes.toString("hex", at, at + 6);
	return BEGINNINGS.find(([beginning]) => head.startsWith(beginning))?.[1];
}

/** The offset of the first byte that is no zero: the end of the padding between two parts. */
export function endOfPadding(bytes: Buffer, start: number): number {
	let at = start;
	while (at < bytes.length && bytes[at] === 0) at++;
	return at;
}
