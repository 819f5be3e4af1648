// Module files (ELF): reading modinfo, symbols and versions, depmod's digest, and changes for a forced insertion.
import { ModuleDigester } from "../../../../src/libkmod/depmod/module-digest.js";
import { SymbolNames } from "../../../../src/libkmod/depmod/symbol-names.js";
import { MalformedModule, parseElf, sectionAt } from "../../../../src/libkmod/formats/elf.js";
import { forceModule } from "../../../../src/libkmod/formats/forced-module.js";
import { modinfoStrings } from "../../../../src/libkmod/formats/modinfo.js";
import {
	dependencySymbols,
	exportedSymbols,
	type ModuleSymbol,
	symbolVersions,
} from "../../../../src/libkmod/formats/module-symbols.js";
import { moduleInfo } from "../../../../src/libkmod/knowledge/module-info.js";
import { elfImage, exported, undefinedSymbol } from "../../worlds/elf-image.js";
import type { Random } from "../../worlds/random-numbers.js";
import { expect, expectSame, type Field, type FuzzFormat, latin1, type Verdict } from "../format.js";

const refusing = (read: () => void): Verdict => {
	try {
		read();
		return "accepted";
	} catch (error) {
		if (error instanceof MalformedModule) return "refused";
		throw error;
	}
};

const names = ["a", "b", "printk", ".dot", "", "module_layout", "x".repeat(60)];

function sampleModule(random: Random): Buffer {
	const some = () => names.filter(() => random.below(2) === 0);
	const extended = some();
	return elfImage({
		bits: random.pick([32, 64]),
		bigEndian: random.below(2) === 0,
		machine: random.pick([62, 183, 43]),
		modinfo: ["license=GPL", "alias=pci:v*", "depends=a,b", "vermagic=6.1.0 SMP", "parm=x:an x", "odd"].filter(
			() => random.below(3) > 0,
		),
		symbols: [
			...some().map((name) => exported(name, 7)),
			...some().map((name) => undefinedSymbol(name, 1 + random.below(2))),
		],
		versions: Object.fromEntries(some().map((name) => [name, random.below(99)])),
		sections: [
			{
				name: "__ksymtab_strings",
				data: latin1(
					some()
						.map((name) => `${name}\0`)
						.join(""),
				),
			},
			{ name: "__version_ext_crcs", data: Buffer.alloc(4 * extended.length) },
			{ name: "__version_ext_names", data: latin1(extended.map((name) => `${name}\0`).join("")) },
			{ name: ".note.gnu.build-id", data: Buffer.from("040000000400000003000000474e550001020304", "hex") },
		],
	});
}

/** Numbers of the ELF header and of the section table. */
function elfFields(input: Buffer): readonly Field[] {
	if (input.length < 64) return [];
	const wide = input[4] === 2;
	const bigEndian = input[5] === 2;
	const word = wide ? 8 : 4;
	const at = wide ? 40 : 32;
	const header: Field[] = [
		{ at, size: word, bigEndian },
		...(wide ? [58, 60, 62] : [46, 48, 50]).map((place): Field => ({ at: place, size: 2, bigEndian })),
	];
	const table = bigEndian ? input.readUInt32BE(wide ? at + 4 : at) : input.readUInt32LE(at);
	const stride = wide ? 64 : 40;
	for (let section = table; section + stride <= input.length && header.length < 80; section += stride)
		header.push(
			{ at: section, size: 4, bigEndian },
			{ at: section + 4, size: 4, bigEndian },
			{ at: section + (wide ? 24 : 16), size: word, bigEndian },
			{ at: section + (wide ? 32 : 20), size: word, bigEndian },
		);
	return header;
}

const elf = {
	refused: "MalformedModule",
	kind: "bytes",
	fields: elfFields,
	sample: sampleModule,
} as const;

/** An image whose section names end where the file ends: one byte less cuts them off. */
const wholeModule = elfImage({ modinfo: ["license=GPL"] });
const cutModule = {
	bound: "the file's bytes",
	n: wholeModule.length - 1,
	make: (n: number) => wholeModule.subarray(0, n),
	within: "refused",
	beyond: "accepted",
} as const;

const modinfo: FuzzFormat = {
	...elf,
	name: "module, modinfo",
	sources: ["src/libkmod/formats/elf.ts", "src/libkmod/formats/modinfo.ts"],
	readers: ["parseElf", "parseModinfoString"],
	accepted: "a list of strings no longer than the file",
	sound: 1,
	read(input) {
		return refusing(() => {
			const size = (moduleInfo(input) ?? []).reduce((sum, { key, value }) => sum + key.length + value.length, 0);
			// Ids and signatures are printed in hexadecimal.
			expect(size <= 8 * input.length + 100, "more was read than is there");
		});
	},
	limits: [
		{ ...cutModule, n: wholeModule.length - 1 },
		{
			bound: "bytes of anything",
			n: 15,
			make: (n) => Buffer.from("\x7fELF\x02\x01".padEnd(n, "\0"), "latin1"),
			within: "refused",
			beyond: "refused",
		},
	],
};

const namesOf = (symbols: readonly ModuleSymbol[] | undefined): string[] => (symbols ?? []).map(({ name }) => name);

const symbols: FuzzFormat = {
	...elf,
	name: "module, symbols and versions",
	sources: ["src/libkmod/formats/module-symbols.ts", "src/libkmod/formats/symbol-walk.ts"],
	readers: ["parseElf"],
	accepted: "exports, needs and versions, fewer than bytes",
	sound: 1,
	read(input) {
		return refusing(() => {
			const parsed = parseElf(input);
			for (let index = 1; index < parsed.count; index++)
				refusing(() => {
					const { start, end } = sectionAt(parsed, index);
					expect(start <= end && end <= input.length, "a section is not within the file");
				});
			for (const list of [exportedSymbols(parsed), symbolVersions(parsed), dependencySymbols(parsed)])
				expect((list ?? []).length <= input.length, "more symbols than bytes");
		});
	},
	limits: [cutModule],
};

let digester = new ModuleDigester(new SymbolNames());

const digest: FuzzFormat = {
	...elf,
	name: "module, depmod's digest",
	sources: ["src/libkmod/depmod/module-digest.ts", "src/libkmod/depmod/symbol-names.ts"],
	readers: [],
	accepted: "the symbols that the lists of symbols have",
	refused: "a digest that says why the file is malformed",
	sound: 1,
	read(input) {
		if (digester.names.count > 50_000) digester = new ModuleDigester(new SymbolNames());
		const { exports, needs, malformed } = digester.digest("kernel/a.ko", input);
		if (malformed !== undefined) return "refused";
		const nameOf = (symbol: number): string => digester.names.nameOf(symbol);
		const parsed = parseElf(input);
		// The lists need the versions even where there is no symbol table.
		if (refusing(() => dependencySymbols(parsed)) === "refused") return "refused";
		expectSame(exports.symbols.map(nameOf), namesOf(exportedSymbols(parsed)), "exports differ");
		// With versions, a name that is needed twice counts once.
		expectSame(
			[...new Set(needs.symbols.map(nameOf))].sort(),
			[...new Set(namesOf(dependencySymbols(parsed)))].sort(),
			"needs differ",
		);
		return "accepted";
	},
	limits: [cutModule],
};

/** The vermagic strings that the kernel would see. Undefined when the module cannot be read. */
function listMagic(image: Buffer): string[] | undefined {
	let magic: string[] | undefined;
	refusing(() => {
		magic = modinfoStrings(parseElf(image))?.filter((string) => string.startsWith("vermagic="));
	});
	return magic;
}

const forced: FuzzFormat = {
	...elf,
	name: "module, forced",
	sources: ["src/libkmod/formats/forced-module.ts"],
	readers: [],
	accepted: "a copy of the same size without vermagic",
	sound: 1,
	read(input) {
		return refusing(() => {
			const copy = forceModule(input, { forceModversion: true, forceVermagic: true });
			expect(copy.length === input.length, "the copy has another size");
			const magic = listMagic(input);
			if (magic?.length === 1) expectSame(listMagic(copy) ?? [], [], "vermagic is still there");
		});
	},
	limits: [cutModule],
};

export const moduleFormats: readonly FuzzFormat[] = [modinfo, symbols, digest, forced];
