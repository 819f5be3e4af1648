// Makes small ELF relocatable files: either class, either byte order, any section, symbol, version or modinfo string. They
// stand in for modules of other machines, and for modules that no compiler would make.

export type ElfSection = { name: string; data: Buffer; type?: number; flags?: number };
export type ElfSymbol = { name: string; section?: number; value?: number; bind?: number; type?: number };
export type ElfSketch = {
	bits?: 32 | 64;
	bigEndian?: boolean;
	machine?: number;
	modinfo?: readonly string[];
	symbols?: readonly ElfSymbol[];
	/** Checksums by symbol name; `__versions` holds them in this order. */
	versions?: Readonly<Record<string, number>>;
	sections?: readonly ElfSection[];
	/** Bytes after the end of the ELF file, such as a signature. */
	appended?: Buffer;
};

/** An undefined symbol: section 0 is SHN_UNDEF. */
export const undefinedSymbol = (name: string, bind = 1): ElfSymbol => ({ name, section: 0, bind });

/** The symbol `__crc_NAME` with the checksum as its value (SHN_ABS), as in kernels up to 5.18. */
export const exported = (name: string, crc = 0): ElfSymbol => ({ name: `__crc_${name}`, section: 0xfff1, value: crc });

/** A module with these exports, needed symbols and further modinfo strings. */
export function moduleImage(
	exports: readonly string[],
	needs: readonly string[],
	modinfo: readonly string[] = [],
): Buffer {
	return elfImage({
		modinfo,
		symbols: [...exports.map((name) => exported(name)), ...needs.map((name) => undefinedSymbol(name))],
	});
}

export function elfImage(sketch: ElfSketch): Buffer {
	const { bits = 64, bigEndian = false } = sketch;
	const numbers = numbersOf(bits, bigEndian);
	const names = new Strings();
	const sections: ElfSection[] = [{ name: "", data: Buffer.alloc(0), type: 0 }, ...(sketch.sections ?? [])];
	if (sketch.modinfo)
		sections.push({ name: ".modinfo", data: Buffer.from(`${sketch.modinfo.join("\0")}\0`, "latin1"), flags: 2 });
	if (sketch.versions) sections.push({ name: "__versions", data: versionRecords(sketch.versions, numbers), flags: 2 });
	if (sketch.symbols) {
		const symbolNames = new Strings();
		const table = symbolTable(sketch.symbols, symbolNames, numbers, bits);
		sections.push({ name: ".symtab", data: table, type: 2 }, { name: ".strtab", data: symbolNames.bytes(), type: 3 });
	}
	const nameOffsets = [...sections, { name: ".shstrtab" }].map(({ name }) => names.offset(name));
	sections.push({ name: ".shstrtab", data: names.bytes(), type: 3 });
	const headerSize = bits === 64 ? 64 : 52;
	let at = headerSize;
	const headers = sections.map(({ data, type = 1, flags = 0 }, index) => {
		const { u32, word } = numbers;
		const header = [u32(nameOffsets[index]!), u32(type), word(flags), word(0), word(index && at), word(data.length)];
		at += data.length;
		return Buffer.concat([
			...header,
			u32(type === 2 ? index + 1 : 0),
			u32(0),
			word(1),
			word(type === 2 ? (bits === 64 ? 24 : 16) : 0),
		]);
	});
	const { u16, u32, word } = numbers;
	const ident = Buffer.from([0x7f, 0x45, 0x4c, 0x46, bits / 32, bigEndian ? 2 : 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
	const shape = [headerSize, 0, 0, headers[0]!.length, headers.length, headers.length - 1].map(u16);
	const header = [ident, u16(1), u16(sketch.machine ?? 62), u32(1), word(0), word(0), word(at), u32(0), ...shape];
	return Buffer.concat([
		...header,
		...sections.map(({ data }) => data),
		...headers,
		sketch.appended ?? Buffer.alloc(0),
	]);
}

type Numbers = { u16(value: number): Buffer; u32(value: number): Buffer; word(value: number): Buffer };

function numbersOf(bits: 32 | 64, bigEndian: boolean): Numbers {
	const number = (size: number) => (value: number) => {
		const bytes = Buffer.alloc(size);
		for (let i = 0, rest = value; i < size; i++, rest = Math.floor(rest / 256))
			bytes[bigEndian ? size - 1 - i : i] = rest % 256;
		return bytes;
	};
	return { u16: number(2), u32: number(4), word: number(bits / 8) };
}

class Strings {
	#parts = [Buffer.alloc(1)];
	#size = 1;
	offset(name: string): number {
		if (name === "") return 0;
		const offset = this.#size;
		this.#parts.push(Buffer.from(`${name}\0`, "latin1"));
		this.#size += name.length + 1;
		return offset;
	}
	bytes(): Buffer {
		return Buffer.concat(this.#parts);
	}
}

function symbolTable(
	symbols: readonly ElfSymbol[],
	names: Strings,
	{ u16, u32, word }: Numbers,
	bits: 32 | 64,
): Buffer {
	const entries = symbols.map(({ name, section = 1, value = 0, bind = 1, type = 0 }) => {
		const name32 = u32(names.offset(name));
		const info = Buffer.from([(bind << 4) | type, 0]);
		return bits === 64
			? Buffer.concat([name32, info, u16(section), word(value), word(0)])
			: Buffer.concat([name32, word(value), word(0), info, u16(section)]);
	});
	return Buffer.concat([Buffer.alloc(bits === 64 ? 24 : 16), ...entries]);
}

function versionRecords(versions: Readonly<Record<string, number>>, { word }: Numbers): Buffer {
	const records = Object.entries(versions).map(([name, crc]) => {
		const record = Buffer.alloc(64);
		const bytes = word(crc);
		bytes.copy(record);
		record.write(name, bytes.length, "latin1");
		return record;
	});
	return Buffer.concat(records);
}
