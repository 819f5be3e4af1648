// The symbols of a module file, walked in place: exported symbols, needed symbols, and the checksums (CRCs) of both, from
// `.symtab`, `__ksymtab_strings`, `__versions`, and `__version_ext_crcs` with `__version_ext_names` (kernel 6.14 on). The walks
// give offsets of names in the image, so that depmod creates no strings for the many names that it only compares.

import { type Elf, type ElfSection, findSection, MalformedModule, sectionAt, u16, u32, wordAt } from "./elf.js";

/**
 * Called with the offset of a name in the image, the offset before which the name ends unless a NUL ends it, the checksum, and
 * ELF's bind.
 */
export type VisitSymbol = (at: number, limit: number, crc: number, bind: number) => void;

const UNDERSCORE = 0x5f;
const SHN_UNDEF = 0;
const SHN_LORESERVE = 0xff00;
const STB_GLOBAL = 1;
const STT_REGISTER = 13;
const EM_SPARC = [2, 18, 43];
const VERSION_SIZE = 64;

type SymbolTable = {
	readonly start: number;
	readonly end: number;
	readonly stride: number;
	readonly names: number;
	readonly namesEnd: number;
};

// `.symtab` and the `.strtab` with its names. Undefined when either was stripped.
function symbolTable(elf: Elf): SymbolTable | undefined {
	const names = findSection(elf, ".strtab");
	const section = findSection(elf, ".symtab");
	if (names === undefined || section === undefined) return undefined;
	const stride = elf.wide ? 24 : 16;
	if ((section.end - section.start) % stride !== 0)
		throw new MalformedModule(`the size of its symbol table is no multiple of ${stride} bytes`);
	if (section.end > section.start && elf.image[names.end - 1] !== 0)
		throw new MalformedModule("its symbol names do not end with a NUL");
	return { start: section.start, end: section.end, stride, names: names.start, namesEnd: names.end };
}

/**
 * Bytes. The kernel's own names have 511 (KSYM_NAME_LEN), and no look-up is for a longer name. Longer names are cut: a thousand
 * symbols may share the bytes of one name, and their names would be a thousand times as long as the file.
 */
const LONGEST_NAME = 4095;

function endOfName(at: number, namesEnd: number): number {
	return namesEnd - at > LONGEST_NAME ? at + LONGEST_NAME : namesEnd;
}

function nameOutside(): MalformedModule {
	return new MalformedModule("the name of one of its symbols is outside the symbol names");
}

/**
 * Visits the exports: each `__crc_NAME` symbol, or else each string of `__ksymtab_strings`. Returns false when the module has
 * neither.
 * @throws {MalformedModule}
 */
export function visitExports(elf: Elf, visit: VisitSymbol): boolean {
	const table = symbolTable(elf);
	return (table !== undefined && visitCrcSymbols(elf, table, visit)) || visitExportStrings(elf, visit);
}

function visitCrcSymbols(elf: Elf, table: SymbolTable, visit: VisitSymbol): boolean {
	const { image, view, littleEndian } = elf;
	const { end, stride, names, namesEnd } = table;
	let found = false;
	for (let symbol = table.start + stride; symbol < end; symbol += stride) {
		const at = names + view.getUint32(symbol, littleEndian);
		if (at >= namesEnd) throw nameOutside();
		if (image[at] !== UNDERSCORE || !beginsWithCrc(image, at)) continue;
		found = true;
		visit(at + 6, endOfName(at + 6, namesEnd), crcOf(elf, symbol), image[symbol + (elf.wide ? 4 : 12)]! >> 4);
	}
	return found;
}

// Whether the name begins with "__crc_".
function beginsWithCrc(image: Buffer, at: number): boolean {
	return (
		image[at + 1] === UNDERSCORE &&
		image[at + 2] === 0x63 &&
		image[at + 3] === 0x72 &&
		image[at + 4] === 0x63 &&
		image[at + 5] === UNDERSCORE
	);
}

// The checksum is the symbol's value, or the value is its place in a section.
function crcOf(elf: Elf, symbol: number): number {
	const value = wordAt(elf, symbol + (elf.wide ? 8 : 4));
	const index = u16(elf, symbol + (elf.wide ? 6 : 14));
	if (index === SHN_UNDEF || index >= SHN_LORESERVE) return value;
	if (index >= elf.count)
		throw new MalformedModule(`one of its checksums is in section ${index}, but it has only ${elf.count} sections`);
	const { start, end } = sectionAt(elf, index);
	if (start + value + 4 > end) throw new MalformedModule(`one of its checksums is outside section ${index}`);
	return u32(elf, start + value);
}

function visitExportStrings(elf: Elf, visit: VisitSymbol): boolean {
	const section = findSection(elf, "__ksymtab_strings");
	if (section === undefined) return false;
	visitStrings(elf.image, section, (at) => visit(at, section.end, 0, STB_GLOBAL));
	return true;
}

function visitStrings(image: Buffer, { start, end }: ElfSection, visit: (at: number) => void): void {
	for (let at = start; at < end; at++) {
		if (image[at] === 0) continue;
		visit(at);
		while (at < end && image[at] !== 0) at++;
	}
}

/**
 * Visits the undefined symbols, in the order of the symbol table. Returns false when the module has no symbol table.
 * @throws {MalformedModule}
 */
export function visitUndefined(elf: Elf, visit: VisitSymbol): boolean {
	const table = symbolTable(elf);
	if (table === undefined) return false;
	const { image, view, littleEndian } = elf;
	const { end, stride, names, namesEnd } = table;
	const sparc = EM_SPARC.includes(elf.machine);
	const infoAt = elf.wide ? 4 : 12;
	for (let symbol = table.start + stride; symbol < end; symbol += stride) {
		if (view.getUint16(symbol + infoAt + 2, littleEndian) !== SHN_UNDEF) continue;
		const at = names + view.getUint32(symbol, littleEndian);
		if (at >= namesEnd) throw nameOutside();
		const info = image[symbol + infoAt]!;
		// SPARC records the use of a global register as an undefined symbol.
		if (image[at] !== 0 && !(sparc && (info & 15) === STT_REGISTER)) visit(at, endOfName(at, namesEnd), 0, info >> 4);
	}
	return true;
}

/**
 * Visits the versions that the module was built against: `__versions`, then the extended ones. Returns false when the module
 * has neither.
 * @throws {MalformedModule}
 */
export function visitVersions(elf: Elf, visit: VisitSymbol): boolean {
	const section = findSection(elf, "__versions");
	if (section !== undefined) visitVersionRecords(elf, section, visit);
	const crcs = findSection(elf, "__version_ext_crcs");
	const names = findSection(elf, "__version_ext_names");
	if (crcs === undefined || names === undefined) return section !== undefined;
	visitExtendedVersions(elf, crcs, names, visit);
	return true;
}

function visitExtendedVersions(elf: Elf, crcs: ElfSection, names: ElfSection, visit: VisitSymbol): void {
	let crc = crcs.start;
	visitStrings(elf.image, names, (at) => {
		if (crc + 4 > crcs.end) throw new MalformedModule("it has more extended versions than checksums for them");
		visit(at, names.end, u32(elf, crc), STB_GLOBAL);
		crc += 4;
	});
}

function visitVersionRecords(elf: Elf, { start, end }: ElfSection, visit: VisitSymbol): void {
	if ((end - start) % VERSION_SIZE !== 0)
		throw new MalformedModule("the size of its section __versions is no multiple of 64 bytes");
	for (let at = start; at < end; at += VERSION_SIZE) {
		visit(at + (elf.wide ? 8 : 4), at + VERSION_SIZE, wordAt(elf, at), STB_GLOBAL);
	}
}
