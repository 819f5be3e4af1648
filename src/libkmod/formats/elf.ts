// ELF object files (elf(5)), 32 and 64 bit, both byte orders, read in place: nothing is copied and no object is created per
// section or symbol. A module file is untrusted, so every offset is checked before it is followed.

import { HotplugdError } from "../kernel/errors.js";

/** The bytes are not a readable kernel module. `message` is a clause about the file: "it is not an ELF file". */
export class MalformedModule extends HotplugdError {
	override readonly name = "MalformedModule";
	override readonly code = "ERR_MALFORMED_MODULE";
	/** The less exact text that libkmod gives for such a file. */
	readonly reason: "Invalid argument" | "Exec format error";
	constructor(message: string, reason: MalformedModule["reason"] = "Invalid argument") {
		super(message);
		this.reason = reason;
	}
}

/**
 * Makes sure that a part of the image is loaded. depmod needs a sixth of a large file, so the file may be read in parts into a
 * buffer of its size. Called with offsets within the image before the bytes there are read.
 */
export type ReadRange = (start: number, end: number) => void;

const wholeImage: ReadRange = () => undefined;

/** A module file whose header and section table have been checked. `image` may be reused once the Elf is done with. */
export type Elf = {
	readonly image: Buffer;
	readonly load: ReadRange;
	/** A view of `image`: a DataView reads numbers of either byte order in one call. */
	readonly view: DataView;
	readonly wide: boolean;
	readonly littleEndian: boolean;
	readonly machine: number;
	/** The section header table: its offset, the size of one header, and the number of headers. */
	readonly table: number;
	readonly stride: number;
	readonly count: number;
	/** The section names: bytes from `names` up to `namesEnd`, the last of them a NUL. */
	readonly names: number;
	readonly namesEnd: number;
};

/** Where a section lies in the image. */
export type ElfSection = { readonly index: number; readonly start: number; readonly end: number };

const NOBITS = 8;
const LARGEST_FILE_BYTES = 0x7fffffff;

/** Reads an unsigned number in the file's byte order. The caller has checked that it lies within the image. */
export function u16(elf: Elf, at: number): number {
	return elf.view.getUint16(at, elf.littleEndian);
}

export function u32(elf: Elf, at: number): number {
	return elf.view.getUint32(at, elf.littleEndian);
}

/**
 * Reads an address or size: 4 or 8 bytes by the ELF class. A value above 2^53 is not exact, but lies outside any file anyway.
 */
export function wordAt(elf: Elf, at: number): number {
	if (!elf.wide) return u32(elf, at);
	const high = u32(elf, elf.littleEndian ? at + 4 : at);
	return high * 0x1_0000_0000 + u32(elf, elf.littleEndian ? at : at + 4);
}

/** Checks the header, the section table and the section names. @throws {MalformedModule} */
export function parseElf(image: Buffer, load: ReadRange = wholeImage): Elf {
	if (image.length > LARGEST_FILE_BYTES) throw new MalformedModule("it is larger than 2 GiB");
	load(0, Math.min(image.length, 64));
	if (image.length < 6) throw new MalformedModule("it is too short for a module");
	if (image.length < 16 || image[0] !== 0x7f || image[1] !== 0x45 || image[2] !== 0x4c || image[3] !== 0x46)
		throw new MalformedModule("it is not an ELF file", "Exec format error");
	const fileClass = image[4];
	const byteOrder = image[5];
	if (fileClass !== 1 && fileClass !== 2) throw new MalformedModule("its ELF class is neither 32 nor 64 bit");
	if (byteOrder !== 1 && byteOrder !== 2) throw new MalformedModule("its ELF byte order is neither little nor big");
	const wide = fileClass === 2;
	if (image.length < (wide ? 64 : 52)) throw new MalformedModule("it ends within its ELF header");
	const view = new DataView(image.buffer, image.byteOffset, image.length);
	return withSectionNames(readHeader({ image, load, view, wide, littleEndian: byteOrder === 1, ...NO_SECTIONS }));
}

const NO_SECTIONS = { machine: 0, table: 0, stride: 0, count: 0, names: 0, namesEnd: 0 };

function readHeader(elf: Elf): Elf {
	const { image, load, view, wide, littleEndian } = elf;
	const machine = u16(elf, 18);
	const table = wordAt(elf, wide ? 40 : 32);
	const stride = u16(elf, wide ? 58 : 46);
	const count = u16(elf, wide ? 60 : 48);
	return { image, load, view, wide, littleEndian, machine, table, stride, count, names: 0, namesEnd: 0 };
}

function withSectionNames(elf: Elf): Elf {
	const { image, load, view, wide, littleEndian, machine, stride, count } = elf;
	const needed = wide ? 64 : 40;
	if (stride !== needed)
		throw new MalformedModule(`its section headers have ${stride} bytes each instead of ${needed}`);
	if (elf.table + count * stride > image.length)
		throw new MalformedModule(`its section table (${count} headers at ${elf.table}) reaches outside the file`);
	// From here on the offset is a small integer. Offsets from wordAt() are floating point to the machine, and slow.
	const table = elf.table | 0;
	load(table, table + count * stride);
	const index = u16(elf, wide ? 62 : 50);
	if (index >= count)
		throw new MalformedModule(`its section names are in section ${index}, but it has only ${count} sections`);
	const { start: names, end: namesEnd } = sectionAt(elf, index);
	if (names === namesEnd || image[namesEnd - 1] !== 0)
		throw new MalformedModule("its section names do not end with a NUL");
	return { image, load, view, wide, littleEndian, machine, table, stride, count, names, namesEnd };
}

/** The place of section `index`. A section without bytes in the file (SHT_NOBITS) is empty. @throws {MalformedModule} */
export function sectionAt(elf: Elf, index: number): ElfSection {
	const header = elf.table + index * elf.stride;
	if (u32(elf, header + 4) === NOBITS) return { index, start: 0, end: 0 };
	const start = wordAt(elf, header + (elf.wide ? 24 : 16));
	const end = start + wordAt(elf, header + (elf.wide ? 32 : 20));
	if (end > elf.image.length)
		throw new MalformedModule(`its section ${index} (${start} to ${end}) reaches outside the file`);
	elf.load(start | 0, end | 0);
	return { index, start: start | 0, end: end | 0 };
}

/**
 * The first section of that name, except section 0. Undefined when there is none.
 * @throws {MalformedModule} when the section lies outside the file
 */
export function findSection(elf: Elf, name: string): ElfSection | undefined {
	for (let index = 1; index < elf.count; index++) {
		if (isNamed(elf, elf.names + u32(elf, elf.table + index * elf.stride), name)) return sectionAt(elf, index);
	}
	return undefined;
}

// The last byte of the names is a NUL, so a comparison that stays before namesEnd cannot run past them.
function isNamed(elf: Elf, at: number, name: string): boolean {
	const end = at + name.length;
	if (end >= elf.namesEnd) return false;
	for (let i = 0; i < name.length; i++) if (elf.image[at + i] !== name.charCodeAt(i)) return false;
	return elf.image[end] === 0;
}

/** The string at `at` that ends at a NUL or at `limit`; one byte is one character (latin1). */
export function stringAt(image: Buffer, at: number, limit: number): string {
	let end = at;
	while (end < limit && image[end] !== 0) end++;
	return image.toString("latin1", at, end);
}
