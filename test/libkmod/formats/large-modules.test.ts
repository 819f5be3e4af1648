// Modules whose parts are large, share their bytes, or exceed their bounds: no reader takes more time or memory than the file's
// size allows.
import test from "ava";
import { depmod } from "../../../src/libkmod/depmod/depmod.js";
import { ModuleDigester } from "../../../src/libkmod/depmod/module-digest.js";
import { SymbolNames } from "../../../src/libkmod/depmod/symbol-names.js";
import { parseElf } from "../../../src/libkmod/formats/elf.js";
import { dependencySymbols } from "../../../src/libkmod/formats/module-symbols.js";
import { moduleInfo } from "../../../src/libkmod/knowledge/module-info.js";
import { elfImage } from "../../support/worlds/elf-image.js";

/** A symbol table of `symbols` undefined symbols, whose names each begin one byte further in one long string. */
function overlapping(symbols: number, length: number): Buffer {
	const table = Buffer.alloc(24 * (symbols + 1));
	for (let n = 1; n <= symbols; n++) {
		table.writeUInt32LE(n, 24 * n);
		table[24 * n + 4] = 1 << 4;
	}
	const names = Buffer.alloc(length + 2, "s");
	names[0] = names[length + 1] = 0;
	const sections = [
		{ name: ".symtab", data: table, type: 2 },
		{ name: ".strtab", data: names, type: 3 },
	];
	return elfImage({ sections });
}

test("names that share the bytes of one long string cost no more than the longest name that anybody looks up", (t) => {
	const names = new SymbolNames();
	const image = overlapping(20_000, 40_000_000);
	// 20,000 names of 40 MB each would take a quarter of an hour. Cut to their bound, the names are all the same.
	const digest = new ModuleDigester(names).digest("x.ko", image);
	t.is(digest.malformed, undefined);
	t.is(new Set(digest.needs.symbols).size, 1);
	t.is(names.nameOf(digest.needs.symbols[0]!).length, 4095);
	t.is(dependencySymbols(parseElf(image))?.length, 20_000);
});

test("names of 4,095 bytes are whole, and of more cut", (t) => {
	for (const [length, read] of [
		[4094, 4094],
		[4095, 4095],
		[4096, 4095],
	] as const)
		t.is(dependencySymbols(parseElf(overlapping(1, length)))?.[0]?.name.length, read);
});

const MODINFO_BYTES = 2 ** 24;
const withModinfo = (size: number) => elfImage({ sections: [{ name: ".modinfo", data: Buffer.alloc(size, "a=b\0") }] });

test("a .modinfo of 16 MiB is read, and of one byte more refused, whoever reads it", (t) => {
	for (const size of [MODINFO_BYTES - 1, MODINFO_BYTES]) t.is(moduleInfo(withModinfo(size))?.length, MODINFO_BYTES / 4);
	const large = withModinfo(MODINFO_BYTES + 1);
	t.throws(() => moduleInfo(large), { message: "its .modinfo is larger than 16 MiB" });
	const digest = new ModuleDigester(new SymbolNames()).digest("x.ko", large);
	t.is(digest.malformed?.detail, "its .modinfo is larger than 16 MiB");
});

test("dependencies that no index would have room for are refused before they are put together", (t) => {
	// Each module needs all modules before it: 6,000 modules with paths of 20 bytes would make lines of 360 MB in total.
	const names = new SymbolNames();
	const count = 6000;
	const modules = Array.from({ length: count }, (_, n) => ({
		path: `kernel/m${n}.ko`.padStart(20, "x"),
		name: `m${n}`,
		exports: { symbols: [names.numberOf(`s${n}`)], crcs: [0] },
		needs: { symbols: n === 0 ? [] : [names.numberOf(`s${n - 1}`)], crcs: [0] },
		weak: [],
		aliases: [],
		softdeps: [],
		weakdeps: [],
		malformed: undefined,
	}));
	const made = depmod({
		directory: "/m",
		modules,
		names,
		order: undefined,
		builtin: undefined,
		builtinModinfo: undefined,
	});
	t.is(made.files.size, 0);
	t.regex(
		made.problems.map(({ message }) => message).join(),
		/could not make the indexes: .* longer than 256 MiB together/,
	);
});
