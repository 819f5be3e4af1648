// One header of a tar archive: a block of 512 bytes (POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar
// Format"). Pure.

/** The unit of an archive: headers are one block, and contents are padded to whole blocks. */
export const TAR_BLOCK_BYTES = 512;

export type TarHeader = {
	/** As it is in the block, the prefix of ustar in front. */
	readonly name: string;
	/** Bytes of content behind the header, before padding. */
	readonly size: number;
	/** The character of the field typeflag: "0" for a file, "L" for a long name, and so on. */
	readonly type: string;
	/** The target of a link. */
	readonly target: string;
};

const field = (block: Buffer, at: number, bytes: number): string => {
	const end = block.indexOf(0, at);
	return block.toString("latin1", at, end < 0 || end > at + bytes ? at + bytes : end);
};

/** Undefined when the block is no header: its checksum is wrong, or its size is no number that can be. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
	if (block.length < TAR_BLOCK_BYTES || !hasItsChecksum(block)) return undefined;
	const size = parseTarNumber(block, 124, 12);
	if (size === undefined) return undefined;
	// GNU tar's own format has other fields in the place of the prefix, and a magic of its own: "ustar" and two blanks.
	const prefix = block.toString("latin1", 257, 263) === "ustar\0" ? field(block, 345, 155) : "";
	const name = field(block, 0, 100);
	return {
		name: prefix === "" ? name : `${prefix}/${name}`,
		size,
		type: block[156] === 0 ? "0" : String.fromCharCode(block[156]!),
		target: field(block, 157, 100),
	};
}

export const isZeroBlock = (block: Buffer): boolean => block.every((byte) => byte === 0);

/** The sum of all bytes, those of the checksum taken as blanks. Old writers added signed bytes. */
function hasItsChecksum(block: Buffer): boolean {
	const stored = parseTarNumber(block, 148, 8);
	if (stored === undefined) return false;
	let [unsigned, signed] = [8 * 0x20, 8 * 0x20];
	for (let at = 0; at < TAR_BLOCK_BYTES; at++) {
		if (at >= 148 && at < 156) continue;
		const byte = block[at]!;
		unsigned += byte;
		signed += byte < 0x80 ? byte : byte - 0x100;
	}
	return stored === unsigned || stored === signed;
}

/**
 * A number in octal digits, between blanks and NULs, or in binary where the first bit is set (GNU tar, for sizes from 8 GiB).
 * Undefined for a negative number, for one beyond 2^53, and for other characters. An empty field is 0.
 */
export function parseTarNumber(block: Buffer, at: number, bytes: number): number | undefined {
	const first = block[at] ?? 0;
	if (first >= 0x80) {
		let number = first & 0x7f;
		for (let next = at + 1; next < at + bytes; next++) number = number * 256 + block[next]!;
		return Number.isSafeInteger(number) ? number : undefined;
	}
	const [, digits] = /^[ \0]*([0-7]*)(?:[ \0]|$)/.exec(block.toString("latin1", at, at + bytes)) ?? [];
	return digits === undefined ? undefined : Number.parseInt(digits || "0", 8);
}
