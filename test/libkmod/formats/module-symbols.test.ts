import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { MalformedModule, parseElf } from "../../../src/libkmod/formats/elf.js";
import {
	dependencySymbols,
	exportedSymbols,
	type ModuleSymbol,
	symbolVersions,
} from "../../../src/libkmod/formats/module-symbols.js";
import { readReal } from "../../support/real/real-libkmod.js";
import { type ElfSketch, elfImage, exported, undefinedSymbol } from "../../support/worlds/elf-image.js";
import { packageModules, sample } from "../../support/worlds/module-files.js";

const ENOENT = -2;
const EINVAL = -22;

/** Lists in libkmod's form: exports and versions have no bind, and an errno stands for a list that does not exist. */
function readOurs(path: string) {
	const elf = parseElf(readFileSync(path));
	const withoutBind = (symbols: ModuleSymbol[] | undefined) =>
		symbols?.map(({ name, crc }) => ({ name, crc, bind: "U" }));
	return {
		symbols: withoutBind(exportedSymbols(elf)) ?? ENOENT,
		versions: withoutBind(symbolVersions(elf)) ?? ENOENT,
		dependencySymbols: dependencySymbols(elf) ?? EINVAL,
	};
}

function compare(t: ExecutionContext, path: string): number {
	const ours = readOurs(path);
	let listed = 0;
	for (const group of ["symbols", "versions", "dependencySymbols"] as const) {
		const real = readReal(path, group);
		// Comparing JSON is faster than a deep comparison: there are hundreds of long lists.
		t.is(JSON.stringify(ours[group]), JSON.stringify(real), `${group} of ${path}`);
		if (typeof real !== "number") listed += real.length;
	}
	return listed;
}

test("200 modules of Debian's kernel have the symbols, versions and needs that libkmod finds", async (t) => {
	const { directory, paths } = await packageModules();
	const chosen = sample(paths, 200);
	const listed = chosen.map((path) => compare(t, join(directory, path)));
	t.log(`${chosen.length} modules, ${listed.reduce((sum, count) => sum + count)} symbols`);
	t.is(new Set(chosen).size, 200);
	t.true(listed.every((count) => count > 0));
});

const checksums = { name: "__kcrctab", data: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]) };
const strings = { name: "__ksymtab_strings", data: Buffer.from("\0\0one\0two\0\0three") };
const sketches: Readonly<Record<string, ElfSketch>> = {
	"checksums as values": { symbols: [exported("a", 5), exported("b", 0xdeadbeef), { name: "__crc", section: 1 }] },
	"checksums in a section": {
		sections: [checksums],
		symbols: [{ name: "__crc_a" }, { name: "__crc_b", value: 4 }, exported("c", 1)],
	},
	"a name that is only the mark of a checksum": { symbols: [exported("", 7)] },
	"exports without checksums": { sections: [strings] },
	"exports without checksums beside a symbol table": { sections: [strings], symbols: [undefinedSymbol("u")] },
	"exports with and without checksums": { sections: [strings], symbols: [exported("a", 1)] },
	"an empty list of exports": { sections: [{ name: "__ksymtab_strings", data: Buffer.alloc(0) }] },
	"a list of NULs": { sections: [{ name: "__ksymtab_strings", data: Buffer.alloc(3) }] },
	"no list of any kind": { modinfo: ["license=GPL"] },
	"an empty symbol table": { symbols: [] },
	"an empty list of versions": { symbols: [], sections: [{ name: "__versions", data: Buffer.alloc(0) }] },
	"needs of every bind": {
		symbols: [0, 1, 2, 10].map((bind) => undefinedSymbol(`need${bind}`, bind)),
		versions: { need1: 9 },
	},
	"a need twice": { symbols: [undefinedSymbol("a", 2), undefinedSymbol("a")], versions: { a: 9 } },
	"a need without a name": { symbols: [undefinedSymbol(""), undefinedSymbol("b")] },
	"versions that no symbol stands for": {
		symbols: [undefinedSymbol("b")],
		versions: { a: 1, b: 2, module_layout: 3, "": 4 },
	},
	"dots in front of names": {
		symbols: [".f", "g", ".h", "..j"].map((name) => undefinedSymbol(name)),
		versions: { ".f": 1, ".g": 2, h: 3, "..j": 4 },
	},
	"registers of a SPARC": { machine: 43, symbols: [{ name: "g2", section: 0, type: 13 }, undefinedSymbol("b")] },
	"something like them of another machine": { symbols: [{ name: "g2", section: 0, type: 13 }, undefinedSymbol("b")] },
};

for (const bits of [32, 64] as const)
	for (const bigEndian of [false, true])
		test(`libkmod reads the same from odd modules: ${bits} bit, ${bigEndian ? "big" : "little"} endian`, (t) => {
			const folder = mkdtempSync(join(tmpdir(), "symbols-"));
			t.teardown(() => rmSync(folder, { recursive: true }));
			let listed = 0;
			for (const [what, sketch] of Object.entries(sketches)) {
				const path = join(folder, `${what.replaceAll(" ", "_")}.ko`);
				writeFileSync(path, elfImage({ bits, bigEndian, modinfo: ["license=GPL"], ...sketch }));
				listed += compare(t, path);
			}
			t.true(listed > 30);
		});

test("binds of exports are those of their checksums", (t) => {
	const symbols = [0, 1, 2, 10].map((bind) => ({ ...exported(`e${bind}`), bind }));
	t.deepEqual(
		exportedSymbols(parseElf(elfImage({ symbols })))?.map(({ bind }) => bind),
		["L", "G", "W", "U"],
	);
});

const extended = (names: string, ...crcs: number[]) => [
	{ name: "__version_ext_crcs", data: Buffer.from(Uint32Array.from(crcs).buffer) },
	{ name: "__version_ext_names", data: Buffer.from(names) },
];

test("extended versions count, and repeat nothing", (t) => {
	const long = "a_name_of_more_than_fifty_six_letters_as_rust_makes_them_by_mangling";
	const sections = extended(`a\0${long}\0b\0`, 1, 2, 3);
	const elf = parseElf(
		elfImage({ sections, symbols: [undefinedSymbol(long), undefinedSymbol("a")], versions: { a: 1, c: 4 } }),
	);
	const version = (name: string, crc: number) => ({ name, crc, bind: "U" as const });
	t.deepEqual(symbolVersions(elf), [version("a", 1), version("c", 4), version(long, 2), version("b", 3)]);
	t.deepEqual(dependencySymbols(elf), [version(long, 2), version("a", 1), version("c", 4), version("b", 3)]);
	t.deepEqual(symbolVersions(parseElf(elfImage({ sections: extended("x\0", 5) }))), [version("x", 5)]);
});

const malformed: Readonly<Record<string, { sketch: ElfSketch; read: (image: Buffer) => unknown; message: RegExp }>> = {
	"more extended versions than checksums": {
		sketch: { sections: extended("a\0b\0", 1) },
		read: (image) => symbolVersions(parseElf(image)),
		message: /more extended versions than checksums/,
	},
	"a version cut short": {
		sketch: { sections: [{ name: "__versions", data: Buffer.alloc(63) }] },
		read: (image) => symbolVersions(parseElf(image)),
		message: /no multiple of 64/,
	},
	"a symbol cut short": {
		sketch: {
			sections: [
				{ name: ".symtab", data: Buffer.alloc(25) },
				{ name: ".strtab", data: Buffer.alloc(1) },
			],
		},
		read: (image) => exportedSymbols(parseElf(image)),
		message: /no multiple of 24/,
	},
	"symbol names without an end": {
		sketch: {
			sections: [
				{ name: ".symtab", data: Buffer.alloc(48) },
				{ name: ".strtab", data: Buffer.from("\0abc") },
			],
		},
		read: (image) => dependencySymbols(parseElf(image)),
		message: /names do not end with a NUL/,
	},
	"a name outside the names": {
		sketch: {
			sections: [
				{ name: ".symtab", data: Buffer.alloc(48, 0x7f) },
				{ name: ".strtab", data: Buffer.alloc(1) },
			],
		},
		read: (image) => exportedSymbols(parseElf(image)),
		message: /outside the symbol names/,
	},
	"a checksum in a section that is not there": {
		sketch: { symbols: [{ name: "__crc_a", section: 99 }] },
		read: (image) => exportedSymbols(parseElf(image)),
		message: /in section 99, but it has only 4 sections/,
	},
	"a checksum outside its section": {
		sketch: { sections: [checksums], symbols: [{ name: "__crc_a", value: 5 }] },
		read: (image) => exportedSymbols(parseElf(image)),
		message: /outside section 1/,
	},
};
for (const [what, { sketch, read, message }] of Object.entries(malformed))
	test(`${what} is malformed`, (t) => {
		t.throws(() => read(elfImage(sketch)), { instanceOf: MalformedModule, message });
	});

test("a version's name without a NUL ends with its record", (t) => {
	const data = Buffer.alloc(128, "n");
	const versions = symbolVersions(parseElf(elfImage({ sections: [{ name: "__versions", data }] })));
	t.deepEqual(
		versions?.map(({ name }) => name),
		["n".repeat(56)],
	);
});
