import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { depmod } from "../../../src/libkmod/depmod/depmod.js";
import { ModuleDigester } from "../../../src/libkmod/depmod/module-digest.js";
import { SymbolNames } from "../../../src/libkmod/depmod/symbol-names.js";
import { listEntries, openIndex } from "../../../src/libkmod/formats/index-file.js";
import { parseSymvers, parseSystemMap } from "../../../src/libkmod/formats/kernel-symbols.js";
import {
	compareWithDepmod,
	entriesOf,
	moduleDirectory,
	runOurDepmod,
	runRealDepmod,
	writeDepmodWorld,
} from "../../support/worlds/depmod-world.js";
import { elfImage, exported, moduleImage, undefinedSymbol } from "../../support/worlds/elf-image.js";
import { packageModules } from "../../support/worlds/module-files.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";
import { differences } from "../../tools/kmod/differences.js";

test("the files made of Debian's kernel are the real depmod's: text byte for byte, indexes entry for entry", async (t) => {
	const { directory, paths } = await packageModules();
	const read = (name: string) => readFileSync(join(directory, name));
	const names = new SymbolNames();
	const digester = new ModuleDigester(names);
	const modules = paths.map((path) => digester.digest(path, read(path)));
	const { files, problems } = depmod({
		directory,
		modules,
		names,
		order: read("modules.order"),
		builtin: read("modules.builtin"),
		builtinModinfo: read("modules.builtin.modinfo"),
	});
	t.deepEqual(problems, []);
	t.deepEqual(
		[...files.keys()].map((name) => name.replace("modules.", "")),
		[
			...["dep", "dep.bin", "alias", "alias.bin", "softdep", "weakdep", "symbols", "symbols.bin"],
			...["builtin.bin", "builtin.alias.bin", "devname"],
		],
	);
	const compared: Record<string, number> = {};
	for (const [name, bytes] of files) {
		if (name === "modules.weakdep") continue;
		const real = read(name);
		t.is(bytes.length, real.length, name);
		if (!name.endsWith(".bin")) t.true(bytes.equals(real), name);
		else {
			const entries = entriesOf(name, bytes);
			t.true(entries === entriesOf(name, real), name);
			compared[name] = entries.split("\n").length - 2;
		}
	}
	t.log(compared);
	t.true(compared["modules.dep.bin"] === paths.length && paths.length > 1000);
	t.true(compared["modules.alias.bin"]! > 10_000 && compared["modules.symbols.bin"]! > 10_000);
});

const described = (...modinfo: string[]) => moduleImage([], [], modinfo);

test("odd modules, names and aliases", (t) => {
	const { files, messages } = compareWithDepmod(t, {
		modules: {
			"kernel/a-b.ko": moduleImage(
				["sa"],
				[],
				["alias=foo-bar", "alias=foo-[a-z]-b", "alias=bad[x", "alias=dup", "alias=dup"],
			),
			"kernel/sub/c.ko": moduleImage(
				["sc"],
				["sa"],
				["alias=dup", "softdep=pre: a-b", "softdep=post: x", "alias=two words", "alias=", "alias"],
			),
			"kernel/text.ko": Buffer.from("this is no module\n"),
			"kernel/empty.ko": Buffer.alloc(0),
			"kernel/stripped.ko": elfImage({ modinfo: ["alias=stripped"] }),
			"kernel/d.ko": moduleImage(["sd"], ["sc", "sa", "nowhere"]),
			"kernel/.hidden.ko": moduleImage(["hidden"], []),
			"kernel/x.y.ko": moduleImage(["dotted"], []),
			"kernel/no-module.ko.txt": Buffer.from("x"),
			"kernel/NOR-THIS.KO": Buffer.from("x"),
			"top.ko": moduleImage(["sa_too"], []),
		},
	});
	t.regex(messages, /failed to load symbols from .*text\.ko: Exec format error/);
	t.regex(messages, /Unmatched bracket in bad\[x/);
	t.true(files["modules.dep"]?.includes("kernel/d.ko: kernel/sub/c.ko kernel/a-b.ko\n"));
});

test("modules of either class and byte order", (t) => {
	const modules = Object.fromEntries(
		([32, 64] as const).flatMap((bits) =>
			[false, true].map((bigEndian) => [
				`${bits}${bigEndian ? "be" : "le"}.ko`,
				elfImage({
					bits,
					bigEndian,
					modinfo: [`alias=of${bits}`],
					symbols: [exported(`from_${bits}_${bigEndian}`, 7), undefinedSymbol("from_32_false")],
				}),
			]),
		),
	);
	delete modules["32le.ko"];
	modules["base.ko"] = moduleImage(["from_32_false"], []);
	t.true(compareWithDepmod(t, { modules }).files["modules.dep"]?.includes("64be.ko: base.ko\n"));
});

test("of two modules that export a symbol the later owns it", (t) => {
	const modules = {
		"one.ko": moduleImage(["s", "only"], []),
		"two.ko": moduleImage(["s"], []),
		"user.ko": moduleImage([], ["s"]),
	};
	t.true(compareWithDepmod(t, { modules }).files["modules.dep"]?.includes("user.ko: two.ko\n"));
	t.true(
		compareWithDepmod(t, { modules, order: "two.ko\none.ko\n" }).files["modules.dep"]?.includes("user.ko: one.ko\n"),
	);
});

const plain = { "kernel/b.ko": described(), "kernel/a.ko": described(), "z.ko": described(), "m.ko": described() };
const orders: Readonly<Record<string, string | []>> = {
	"of some modules": "kernel/a.ko\nz.ko\n",
	"with a module twice": "kernel/b.ko\n\nkernel/a.ko\nkernel/b.ko\n./z.ko\n",
	"naming what is not there": "kernel/none.ko\nz.ko\n../../x.ko\n",
	"without its last newline": "z.ko\nkernel/a.ko",
	"with carriage returns": "z.ko\r\nkernel/a.ko\n",
	"with a NUL": "z.ko\0x\nkernel/a.ko\n",
	"with an endless line": `z.ko\n${"x".repeat(6000)}\nkernel/a.ko\n`,
	"without a line": "",
	"that is missing": [],
};
for (const [what, order] of Object.entries(orders))
	test(`a modules.order ${what}`, (t) => {
		t.is(compareWithDepmod(t, { modules: plain, order }).status, 0);
	});

test("modules.order names modules as they were before they were compressed", (t) => {
	const root = writeDepmodWorld(t, {
		modules: { "b.ko.xz": described(), "a.ko.gz": described(), "c.ko.zst": described() },
		order: "c.ko\nb.ko\na.ko\n",
	});
	t.is(runOurDepmod(root).files["modules.dep"], "c.ko.zst:\nb.ko.xz:\na.ko.gz:\n");
});

test("what is built in", (t) => {
	const { files } = compareWithDepmod(t, {
		modules: {},
		builtin:
			"kernel/a-b.ko\nkernel/c.ko.xz\nkernel/f.g.ko\nkernel/sp ace.ko\n/rooted.ko\n\nkernel/twice.ko\nkernel/twice.ko\n",
		builtinModinfo: [
			...[
				"a-b.alias=one-dash",
				"nodot",
				".alias=nobody's",
				"c.alias=",
				"d.x.alias=two",
				"d.alias=three=x",
				"d.aliasx=four",
			],
			...["", "e.alias=shared", "f.alias=shared", "e.alias=bad[", "e.license=GPL", ""],
		].join("\0"),
	});
	t.is(files["modules.builtin.bin"]?.split("\n").length, 8);
	t.is(files["modules.builtin.alias.bin"], "97 bytes\none_dash 0 a-b\nshared 0 f\nshared 0 e\nthree=x 0 d\n");
});

test("a kernel without lists of what is built in", (t) => {
	const { messages } = compareWithDepmod(t, { modules: plain, builtin: [], builtinModinfo: [] });
	t.regex(messages, /WARNING: could not open modules.builtin at .*: No such file or directory/);
});

test("device nodes", (t) => {
	const aliases = {
		a: ["devname:d1", "char-major-1-1", "char-major-2-2", "devname:d2", "block-major-3-3"],
		b: ["char-major-1-1", "char-major-2-2", "devname:d1", "devname:d2"],
		c: ["char-major-1-1 ", "devname:"],
		d: ["devname:first", "devname:second", "block-major-8-1"],
		e: ["devname:lonely"],
		f: ["char-major-1-*", "devname:star"],
		g: ["block-major-5-6", "devname:net/x y", "char-major-7-8"],
		h: ["char-major-010-7x", "devname:h"],
		i: ["char-major-9-9"],
	};
	const modules = Object.entries(aliases).map(([name, list]) => [
		`${name}.ko`,
		described(...list.map((alias) => `alias=${alias}`)),
	]);
	const { files, messages } = compareWithDepmod(t, { modules: Object.fromEntries(modules) });
	t.is(files["modules.devname"]?.split("\n").length, 8);
	t.is(messages.split("\n").length, 3);
});

test("an endless alias is cut in the index", (t) => {
	const modules = Object.fromEntries(
		[4094, 4095, 4096, 70_000].map((length) => [
			`m${length}.ko`,
			described(`alias=${String(length)[1]}${"y".repeat(length - 1)}`),
		]),
	);
	t.true(compareWithDepmod(t, { modules }).files["modules.alias"]!.length > 70_000);
});

test("weak dependencies have a file of their own", (t) => {
	const root = writeDepmodWorld(t, { modules: { "a-b.ko": described("weakdep=c d-e", "weakdep=f") } });
	const { files } = depmod({
		directory: root,
		modules: [digestOf("a-b.ko", "weakdep=c d-e", "weakdep=f")],
		names: new SymbolNames(),
		order: undefined,
		builtin: undefined,
		builtinModinfo: undefined,
	});
	t.is(
		files.get("modules.weakdep")?.toString(),
		"# Weak dependencies extracted from modules themselves.\nweakdep a_b c d-e\nweakdep a_b f\n",
	);
});

const digestOf = (path: string, ...modinfo: string[]) =>
	new ModuleDigester(new SymbolNames()).digest(path, described(...modinfo));

const circles: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
	"of two": { a: ["b"], b: ["a"] },
	"of three": { a: ["c"], b: ["a"], c: ["b"] },
	"of one with itself": { a: ["a"] },
	"of one with itself and another": { a: ["a", "b"], b: ["a"] },
	"with a user": { user: ["a"], a: ["b"], b: ["a"] },
	"apart from others": { x: ["y"], y: [], a: ["b"], b: ["a"] },
	"two of them": { a: ["b"], b: ["a"], c: ["d"], d: ["c"] },
	"two of them through one module": { a: ["b", "c"], b: ["a"], c: ["a"] },
	"two ways back": { a: ["b", "c"], b: ["d"], c: ["d"], d: ["a"] },
	"two ways and a common end": { a: ["b", "d"], b: ["c"], c: ["a"], d: ["c"] },
};
for (const [what, graph] of Object.entries(circles))
	test(`a circle of modules: ${what}`, (t) => {
		const modules = Object.entries(graph).map(([name, needs]) => [
			`${name}.ko`,
			moduleImage(
				[`k_${name}`],
				needs.map((need) => `k_${need}`),
			),
		]);
		const world = { modules: Object.fromEntries(modules) };
		const { status, files, messages } = compareWithDepmod(t, world);
		t.is(status, 1);
		t.deepEqual(files, {});
		t.regex(
			messages,
			/^ERROR: Cycle detected: (.*)\n(ERROR: Cycle .*\n)*ERROR: Found \d modules in dependency cycles!\n$/,
		);
	});

// The messages of the real depmod depend on where in its list the modules stand that it has ruled out already.
const inAnyOrder: typeof circles = {
	"of two": { a: ["b"], b: ["a"] },
	"of three": { a: ["b"], b: ["c"], c: ["a"] },
	"of five": { a: ["b"], b: ["c"], c: ["d"], d: ["e"], e: ["a"] },
	"with users": { t: ["a"], u: ["t"], a: ["b"], b: ["a"] },
	"above one module": { a: ["b"], b: ["a", "c"], c: [] },
	"two of them": { a: ["b"], b: ["a"], c: ["d"], d: ["c"] },
	"three of them": { a: ["b"], b: ["c"], c: ["a"], d: ["e"], e: ["d"], f: ["f"], g: ["a", "f"] },
};
for (const [what, graph] of Object.entries(inAnyOrder))
	for (const prefix of ["", "mod-loop-"])
		test(`circles in any order, and without modules.order, as depmod has them: ${what}, ${prefix || "short names"}`, (t) => {
			const names = Object.keys(graph).map((name) => `${prefix}${name}.ko`);
			const modules = Object.entries(graph).map(([name, needs], place) => [
				names[place]!,
				moduleImage(
					[`k_${name}`],
					needs.map((need) => `k_${need}`),
				),
			]);
			const order = (paths: readonly string[]) => paths.map((path) => `${path}\n`).join("");
			for (const given of [order(names), order(names.toReversed()), [] as []])
				compareWithDepmod(t, { modules: Object.fromEntries(modules), order: given });
		});

test("circles that share modules, or lead to one another, are told once each", (t) => {
	const graph: Readonly<Record<string, readonly string[]>> = {
		c: ["a"],
		b: ["a"],
		a: ["b", "c", "d"],
		d: ["e"],
		e: ["d"],
	};
	const modules = Object.entries(graph).map(([name, needs]) => [`${name}.ko`, moduleImage([name], needs)]);
	t.is(
		runOurDepmod(writeDepmodWorld(t, { modules: Object.fromEntries(modules) })).messages,
		[
			"ERROR: Cycle detected: c -> a -> c",
			"ERROR: Cycle detected: d -> e -> d",
			"ERROR: Cycle detected: b -> a -> b",
			"ERROR: Found 5 modules in dependency cycles!\n",
		].join("\n"),
	);
	t.true(differences.some(({ what }) => what === "a circle is told once, and ends"));
});

test("circles within circles end the search, and are all counted", (t) => {
	const all = Array.from({ length: 40 }, (_, n) => `m${n}`);
	const modules = all.map((name) => [
		`${name}.ko`,
		moduleImage(
			[`k_${name}`],
			all.map((need) => `k_${need}`),
		),
	]);
	const { status, messages } = runOurDepmod(writeDepmodWorld(t, { modules: Object.fromEntries(modules) }));
	t.is(status, 1);
	t.regex(messages, /Found 40 modules in dependency cycles!/);
});

test("a module below a circle is not said to be in one", (t) => {
	const modules = {
		"a.ko": moduleImage(["a"], ["b"]),
		"b.ko": moduleImage(["b"], ["a", "leaf"]),
		"leaf.ko": moduleImage(["leaf"], []),
	};
	t.is(
		runOurDepmod(writeDepmodWorld(t, { modules })).messages,
		"ERROR: Cycle detected: a -> b -> a\nERROR: Found 2 modules in dependency cycles!\n",
	);
	t.true(differences.some(({ what }) => what === "a module below a circle is in none"));
});

const systemMap = [
	...["ffffffff81000000 T startup", "ffffffff81000001 r __ksymtab_kern_a", "ffffffff81000002 r __kstrtab_kern_b"],
	...[
		"ffffffff81000003 R __crc_kern_c",
		"00 r __ksymtab_gpl_e",
		"bad",
		"0000 r __ksymtab_kern_f junk",
		"0 r ___ksymtab_kern_p",
		"",
	],
].join("\n");
const symvers = [
	...["0x00000007\tkern_a\tvmlinux\tEXPORT_SYMBOL", "0x00000008\tkern_b\tdrivers/x\tEXPORT_SYMBOL\t"],
	...[
		"0x00000009 kern_c vmlinux EXPORT_SYMBOL_GPL ",
		"kern_d vmlinux",
		"0x0000000b\tweak_two\tvmlinux\tEXPORT_SYMBOL\t",
		"",
	],
].join("\n");
const needy = {
	"b.ko": elfImage({ modinfo: [], symbols: [exported("mod_b", 5)] }),
	"a.ko": elfImage({
		modinfo: [],
		symbols: [
			...[
				"kern_a",
				"kern_b",
				"kern_c",
				"kern_d",
				"kern_f",
				"kern_p",
				"gpl_e",
				"mod_b",
				"__this_module",
				"TOC.",
				".mod_b",
				"_mod_b",
			].map((name) => undefinedSymbol(name)),
			...["weak_one", "weak_two"].map((name) => undefinedSymbol(name, 2)),
		],
		versions: { kern_a: 8, kern_c: 9, mod_b: 6, only_version: 7 },
	}),
};
const fromMap = (prefix = "") => parseSystemMap("System.map", systemMap, prefix).value;
const fromSymvers = parseSymvers("Module.symvers", symvers).value;
const both = { unknown: true, versions: true };
const needs = {
	"and the kernel's map": {
		words: ["-e", "-F", "System.map"],
		input: { kernelSymbols: fromMap(), report: { unknown: true, versions: false } },
	},
	"and the kernel's versions": {
		words: ["-e", "-E", "Module.symvers"],
		input: { kernelSymbols: fromSymvers, report: both },
	},
	"and no complaint": { words: ["-E", "Module.symvers"], input: { kernelSymbols: fromSymvers } },
	"and a prefix": {
		words: ["-e", "-P", "_", "-F", "System.map"],
		input: { kernelSymbols: fromMap("_"), symbolPrefix: "_", report: { unknown: true, versions: false } },
	},
	"and a prefix and versions": {
		words: ["-e", "-P", "_", "-E", "Module.symvers"],
		input: { kernelSymbols: fromSymvers, symbolPrefix: "_", report: both },
	},
};
for (const [what, { words, input }] of Object.entries(needs))
	test(`needs that nobody meets ${what}`, (t) => {
		const root = writeDepmodWorld(t, {
			modules: { ...needy, "System.map": Buffer.from(systemMap), "Module.symvers": Buffer.from(symvers) },
		});
		const inWorld = words.map((word) => (/^[SM]/.test(word) ? join(moduleDirectory(root), word) : word));
		const real = runRealDepmod(root, ...inWorld);
		const messages = real.messages.replace(/^ERROR: .*System.map:6: invalid line: bad\n/, "");
		t.deepEqual(runOurDepmod(root, input), { ...real, messages });
		t.is(messages === "", input.kernelSymbols === fromSymvers && !("report" in input));
	});

test("bad lines of the kernel's lists are problems with their places", (t) => {
	t.deepEqual(parseSystemMap("System.map", systemMap).problems, [
		{ file: "System.map", line: 6, message: "invalid line: bad" },
	]);
	t.deepEqual(parseSymvers("s", "x y vmlinux z\n0x1 y vmlinux z\n").problems, [
		{ file: "s", line: 1, message: "x is not a checksum" },
	]);
});

test("aliases that a module has twice", (t) => {
	const modules = { "a.ko": described("alias=x-y", "alias=x_y", "alias=z", "alias=x-y"), "b.ko": described("alias=z") };
	const { messages } = compareWithDepmod(t, { modules }, { words: ["-w"], input: { warnDuplicates: true } });
	t.is(messages.split("duplicate module alias").length, 3);
});

test("an alias, a name or a symbol that is not ASCII is in the index, unless others differ from it by such a byte: that is told", (t) => {
	const modules = {
		"caf\xe9.ko": described("alias=x\xe9y", "alias=z\xe9", "alias=za"),
		"dir-\xe9/a.ko": moduleImage(["n\xe9", "na"], []),
	};
	const { files, problems } = depmod({ ...inputOf(modules), indexes: true });
	const keysOf = (name: string) =>
		[...listEntries(openIndex(name, Buffer.from(files.get(name)!)))].map(({ key }) => key);
	t.deepEqual(keysOf("modules.dep.bin"), ["a", "caf\xe9"]);
	t.deepEqual(keysOf("modules.alias.bin"), ["x\xe9y", "za"]);
	t.deepEqual(keysOf("modules.symbols.bin"), ["symbol:na"]);
	t.deepEqual(
		problems.map(({ level, message }) => `${level} ${message}`).filter((line) => line.includes("ASCII")),
		[
			"WARNING z\xe9 is left out of modules.alias.bin: it differs from others by a byte that is not ASCII",
			"WARNING symbol:n\xe9 is left out of modules.symbols.bin: it differs from others by a byte that is not ASCII",
		],
	);
	t.true(String(files.get("modules.alias")).includes("alias z"));
});

function inputOf(modules: Readonly<Record<string, Buffer>>) {
	const names = new SymbolNames();
	const digester = new ModuleDigester(names);
	const empty = Buffer.alloc(0);
	const digests = Object.entries(modules).map(([path, image]) => digester.digest(path, image));
	return { directory: "/m", modules: digests, names, order: empty, builtin: empty, builtinModinfo: empty };
}

test("random worlds give the real depmod's files and messages", (t) => {
	const random = seededRandom(t);
	const word = () => random.text(["a", "b", "-", "_", "[ab]", "*", "pci:", "x"], 1, 6);
	let edges = 0;
	for (let round = 0; round < 25; round++) {
		const count = 1 + random.below(12);
		const modules: Record<string, Buffer> = {};
		for (let n = 0; n < count; n++) {
			const lower = Array.from({ length: random.below(5) }, () => `s${random.below(Math.max(n, 1) * 2)}`);
			const needs = lower.filter((symbol) => Number(symbol.slice(1)) < n * 2);
			const modinfo = Array.from(
				{ length: random.below(6) },
				() => `${random.pick(["alias", "softdep", "license"])}=${word()}`,
			);
			const path = `${random.pick(["kernel", "kernel/sub", "extra", "updates"])}/${random.text("abc-_", 1, 3)}${n}.ko`;
			modules[path] = elfImage({
				modinfo,
				symbols: [
					exported(`s${2 * n}`, n),
					exported(`s${2 * n + 1}`),
					...needs.map((name) => undefinedSymbol(name, 1 + random.below(2))),
				],
				versions: Object.fromEntries(needs.slice(1).map((name) => [name, 1])),
			});
			edges += needs.length;
		}
		const paths = Object.keys(modules).filter(() => random.below(4) > 0);
		const order = paths.sort(() => random.below(3) - 1).map((path) => `${path}\n`);
		compareWithDepmod(t, { modules, order: order.join("") });
	}
	t.true(edges > 10);
});
