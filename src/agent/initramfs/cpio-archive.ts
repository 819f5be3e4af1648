// A cpio archive of an initramfs: "newc" (070701) and "crc" (070702), as the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst describes them. An entry is a header of 110 characters, all numbers in
// eight hexadecimal digits, a name with a NUL at its end, and data; name and data are padded to four bytes. The entry TRAILER!!! is
// the last. Sizes in a header are only claims: each is compared with the bytes that are there.

import { DamagedImage } from "./damaged-image.js";

export type CpioEntry = {
	/** As in the archive, without "./" before it. "" is the root. */
	readonly name: string;
	/** By st_mode. */
	readonly kind: "file" | "directory" | "link" | "special";
	/** Tells hard links of one archive: equal for all names of a file. Undefined for a file with one name. */
	readonly identity: string | undefined;
	/** The content of a file, which of several hard links the last one has, or the target of a link. */
	readonly data: Buffer;
};

const HEADER_SIZE = 110;
const MAGIC_SIZE = 6;
const NEWC = "070701";
const CRC = "070702";
const TRAILER = "TRAILER!!!";
/** PATH_MAX with the NUL, for names and for targets of links. */
const LONGEST_NAME_BYTES = 4096;

/** Whether an archive begins here. */
export function isCpio(bytes: Buffer, at: number): boolean {
	const magic = bytes.toString("latin1", at, at + MAGIC_SIZE);
	return magic === NEWC || magic === CRC;
}

/** Positions of the numbers of a header, in their order: each has eight digits. */
const NUMBERS = {
	inode: 0,
	mode: 1,
	links: 4,
	size: 6,
	major: 7,
	minor: 8,
	nameSize: 11,
	checksum: 12,
} as const;

/**
 * Calls `each` for every entry of an archive but the last.
 * @param file for messages
 * @returns the offset of the end of the archive
 * @throws {DamagedImage}
 */
export function parseCpio(file: string, bytes: Buffer, start: number, each: (entry: CpioEntry) => void): number {
	for (let at = start; ; ) {
		const fail = (why: string): never => {
			throw new DamagedImage(file, `is damaged: ${why} (in the archive at byte ${at})`);
		};
		if (at + HEADER_SIZE > bytes.length) return fail(`its end is missing: no entry ${TRAILER} ends the archive`);
		if (!isCpio(bytes, at)) return fail("an entry does not begin with 070701 or 070702");
		const header = readHeader(bytes, at, fail);
		const nameAt = at + HEADER_SIZE;
		const dataAt = aligned(at, nameAt + header.nameSize);
		const end = dataAt + header.size;
		if (header.nameSize < 1 || header.nameSize > LONGEST_NAME_BYTES)
			return fail(`an entry claims a name of ${header.nameSize} bytes`);
		if (end > bytes.length)
			return fail(`its end is missing: an entry claims ${header.size} bytes, and ${bytes.length - dataAt} are left`);
		const name = bytes.toString("latin1", nameAt, nameAt + header.nameSize - 1);
		if (bytes[nameAt + header.nameSize - 1] !== 0 || name.includes("\0"))
			return fail("an entry's name does not end where its header says");
		const next = Math.min(aligned(at, end), bytes.length);
		if (name === TRAILER) return next;
		const data = bytes.subarray(dataAt, end);
		if (header.isSummed && header.kind === "file" && header.checksum !== sumOf(data))
			return fail(`the checksum of ${name} is another`);
		if (header.kind === "link" && header.size >= LONGEST_NAME_BYTES)
			return fail(`the link ${name} claims a target of ${header.size} bytes`);
		each({ name: cleanName(name, fail), kind: header.kind, identity: header.identity, data });
		at = next;
	}
}

/** Padding counts from the beginning of the entry's header. */
const aligned = (start: number, at: number): number => start + Math.ceil((at - start) / 4) * 4;

type Header = Pick<CpioEntry, "kind" | "identity"> & {
	readonly size: number;
	readonly nameSize: number;
	readonly isSummed: boolean;
	readonly checksum: number;
};

function readHeader(bytes: Buffer, at: number, fail: (why: string) => never): Header {
	const text = bytes.toString("latin1", at, at + HEADER_SIZE);
	if (!/^[0-9a-fA-F]{104}$/.test(text.slice(MAGIC_SIZE)))
		return fail("an entry's header has other characters than hexadecimal digits");
	const number = (place: number): number =>
		Number.parseInt(text.slice(MAGIC_SIZE + 8 * place, MAGIC_SIZE + 8 * place + 8), 16);
	const kind = kindOf(number(NUMBERS.mode));
	const identity = [NUMBERS.major, NUMBERS.minor, NUMBERS.inode].map(number).join(":");
	return {
		kind,
		identity: kind === "file" && number(NUMBERS.links) > 1 ? identity : undefined,
		size: number(NUMBERS.size),
		nameSize: number(NUMBERS.nameSize),
		isSummed: text.startsWith(CRC),
		checksum: number(NUMBERS.checksum),
	};
}

const TYPE_BITS = 0o170000;

function kindOf(mode: number): CpioEntry["kind"] {
	const type = mode & TYPE_BITS;
	if (type === 0o100000) return "file";
	if (type === 0o040000) return "directory";
	return type === 0o120000 ? "link" : "special";
}

/** The sum of all bytes, in 32 bits. */
function sumOf(data: Buffer): number {
	let sum = 0;
	for (const byte of data) sum = (sum + byte) >>> 0;
	return sum;
}

/** @param fail is called for a name that leads out of the image, or that could be meant to */
function cleanName(name: string, fail: (why: string) => never): string {
	if (name.startsWith("/")) return fail(`the name ${name} is absolute`);
	const parts = name.split("/").filter((part) => part !== "" && part !== ".");
	if (parts.includes("..")) return fail(`the name ${name} leads out of the image`);
	return parts.join("/");
}
