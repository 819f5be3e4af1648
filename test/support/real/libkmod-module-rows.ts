// Rows for libkmod's answers about modules: finding them, their entries in indexes and configuration, the content of their
// files.
import { readFileSync } from "node:fs";
import type { ModuleSymbol } from "../../../src/libkmod/formats/module-symbols.js";
import type { Kmod } from "../../../src/libkmod/kmod/kmod.js";
import type { Module } from "../../../src/libkmod/kmod/module.js";
import { call, give, given, namesIn, number, ofModule, type Pointer, pointer, readList, text } from "./libkmod.js";
import { eachReal, namesOf, type Row, type Subjects } from "./libkmod-subjects.js";

const ALIASES = [
	...[
		"ext4",
		"usb-storage",
		"pci:v000010ECd00008139sv*sd*bc02sc00i00",
		"fs-xfs",
		"net-pf-10",
		"symbol:usb_register_driver",
	],
	...["own-alias", "own-pattern-1", "loop", "only-a-command", "none-of-these", "x]y", "rcupdate", "unix"],
];
/** Modules that the package's configuration mentions, and others. */
const CONFIGURED = ["loop", "e1000e", "snd-hda-intel", "btrfs", "usb_storage", "uas", "nvme", "only-a-command"];
const SPELLINGS = [
	"my-mod",
	"my_mod.ko",
	"snd-hda-intel.ko.xz",
	"a.b.c",
	"x",
	"a/b-c",
	"../x-y",
	"kernel/a-b.ko",
	"/a",
];

/** The answers of both libraries for each of these names, in the package. */
function each<Answer>(
	functions: readonly string[],
	ours: string,
	names: (subjects: Subjects) => readonly string[],
	real: (module: Pointer) => Answer,
	answer: (kmod: Kmod, name: string) => unknown,
): Row {
	return {
		functions,
		ours,
		real: (subjects) => eachReal(subjects.package, names(subjects), (context, name) => ofModule(context, name, real)),
		answer({ open, package: place, ...others }) {
			const kmod = open(place);
			return names({ open, package: place, ...others }).map((name) => answer(kmod, name));
		},
	};
}
const configured = () => CONFIGURED;
const everyName = ({ names }: Subjects) => names;

/** The list that a function returns for each file; a negative errno when it fails. */
function fileRow(
	functions: readonly string[],
	ours: keyof Kmod,
	free: string,
	read: (entry: Pointer) => unknown,
	answer: (kmod: Kmod, module: Module) => Promise<unknown>,
): Row {
	return {
		functions: [...functions, free],
		ours,
		real: (subjects) =>
			eachReal(subjects.package, subjects.paths, (context, path) => {
				const module = given("kmod_module_new_from_path", context, path);
				const list = give(functions[0]!, module);
				if (typeof list === "number") return [];
				const items = readList(list, read);
				call(free, list);
				return items;
			}),
		async answer({ open, package: place, paths }) {
			const kmod = open(place);
			const answers: unknown[] = [];
			for (const path of paths) answers.push(await answer(kmod, kmod.moduleAt(path)!));
			return answers;
		},
	};
}

const pair = ({ name, crc }: ModuleSymbol) => [name, crc];

export const moduleRows: readonly Row[] = [
	{
		functions: ["kmod_module_new_from_name", "kmod_module_get_name"],
		ours: "module",
		real: ({ package: place }) =>
			eachReal(place, SPELLINGS, (context, name) =>
				ofModule(context, name, (module) => text("kmod_module_get_name", module)),
			),
		answer: ({ open, package: place }) => SPELLINGS.map((name) => open(place).module(name).name),
	},
	{
		functions: ["kmod_module_new_from_path"],
		ours: "moduleAt",
		real: ({ package: place, paths }) =>
			eachReal(place, [...paths, "/nowhere/x.ko", "/etc/passwd"], (context, path) => {
				const module = give("kmod_module_new_from_path", context, path);
				if (typeof module === "number") return undefined;
				return [text("kmod_module_get_name", module), text("kmod_module_get_path", module)];
			}),
		answer: ({ open, package: place, paths }) =>
			[...paths, "/nowhere/x.ko", "/etc/passwd"].map((path) => {
				const module = open(place).moduleAt(path);
				return module && [module.name, open(place).path(module)];
			}),
	},
	{
		functions: ["kmod_module_new_from_lookup", "kmod_module_get_module", "kmod_module_unref_list"],
		ours: "lookUp",
		real: ({ package: place }) =>
			eachReal(place, ALIASES, (context, alias) => {
				const list = give("kmod_module_new_from_lookup", context, alias);
				return typeof list === "number" ? [] : namesIn(list);
			}),
		answer: ({ open, package: place }) => ALIASES.map((alias) => namesOf(open(place).lookUp(alias))),
	},
	{
		functions: ["kmod_module_new_from_name_lookup"],
		ours: "lookUpName",
		real: ({ package: place }) =>
			eachReal(place, ALIASES, (context, name) => {
				const module = give("kmod_module_new_from_name_lookup", context, name);
				return typeof module === "number" || module === null ? undefined : text("kmod_module_get_name", module);
			}),
		answer: ({ open, package: place }) => ALIASES.map((name) => open(place).lookUpName(name)?.name),
	},
	{
		functions: ["kmod_module_new_from_loaded"],
		ours: "loaded",
		real: ({ world }) => eachReal(world, [0], (context) => namesIn(given("kmod_module_new_from_loaded", context))),
		answer: ({ open, world }) => [namesOf(open(world).loaded())],
	},
	{
		functions: ["kmod_module_ref", "kmod_module_unref"],
		ours: "a module is a value",
		real: ({ world }) =>
			eachReal(world, ["base"], (context, name) =>
				ofModule(context, name, (module) => {
					const other = pointer("kmod_module_ref", module);
					call("kmod_module_unref", module);
					return [other === module, text("kmod_module_get_name", other)];
				}),
			),
		answer({ open, world }) {
			const module = open(world).module("base");
			const other = module;
			return [[other === module, other.name]];
		},
	},
	each(
		["kmod_module_get_path"],
		"path",
		everyName,
		(module) => text("kmod_module_get_path", module),
		(kmod, name) => kmod.path(name),
	),
	each(
		["kmod_module_get_dependencies"],
		"dependencies",
		everyName,
		(module) => namesIn(pointer("kmod_module_get_dependencies", module)),
		(kmod, name) => namesOf(kmod.dependencies(name)),
	),
	each(
		["kmod_module_get_options"],
		"options",
		configured,
		(module) => text("kmod_module_get_options", module) ?? "",
		(kmod, name) => kmod.options(name),
	),
	each(
		["kmod_module_get_install_commands"],
		"installCommand",
		configured,
		(module) => text("kmod_module_get_install_commands", module),
		(kmod, name) => kmod.installCommand(name),
	),
	each(
		["kmod_module_get_remove_commands"],
		"removeCommand",
		configured,
		(module) => text("kmod_module_get_remove_commands", module),
		(kmod, name) => kmod.removeCommand(name),
	),
	each(
		["kmod_module_get_softdeps"],
		"softdeps",
		everyName,
		(module) => {
			const lists: [[Pointer], [Pointer]] = [[null], [null]];
			call("kmod_module_get_softdeps", module, ...lists);
			return lists.map(([head]) => namesIn(head));
		},
		(kmod, name) => [namesOf(kmod.softdeps(name).pre), namesOf(kmod.softdeps(name).post)],
	),
	{
		functions: ["kmod_module_get_weakdeps"],
		ours: "weakdeps",
		// kmod 30 has no weak dependencies: its lookup of the words of the line stands for the answer.
		real: ({ package: place }) => {
			const words = /^weakdep loop (.*)$/m.exec(readFileSync(place.configPaths[0]!, "utf8"))?.[1]?.split(" ") ?? [];
			return eachReal(place, words, (context, word) =>
				namesIn(given("kmod_module_new_from_lookup", context, word)),
			).flat();
		},
		answer: ({ open, package: place }) => namesOf(open(place).weakdeps("loop")),
	},
	...(["kmod_module_get_filtered_blacklist", "kmod_module_apply_filter"] as const).map(filterRow),
	fileRow(
		["kmod_module_get_info", "kmod_module_info_get_key", "kmod_module_info_get_value"],
		"info",
		"kmod_module_info_free_list",
		(entry) => [text("kmod_module_info_get_key", entry), text("kmod_module_info_get_value", entry)],
		// Newer versions of kmod print the build id, too.
		async (kmod, module) =>
			(await kmod.info(module)).filter(({ key }) => key !== "build-id").map(({ key, value }) => [key, value]),
	),
	fileRow(
		["kmod_module_get_versions", "kmod_module_version_get_symbol", "kmod_module_version_get_crc"],
		"versions",
		"kmod_module_versions_free_list",
		(entry) => [text("kmod_module_version_get_symbol", entry), number("kmod_module_version_get_crc", entry)],
		async (kmod, module) => (await kmod.versions(module)).map(pair),
	),
	fileRow(
		["kmod_module_get_symbols", "kmod_module_symbol_get_symbol", "kmod_module_symbol_get_crc"],
		"symbols",
		"kmod_module_symbols_free_list",
		(entry) => [text("kmod_module_symbol_get_symbol", entry), number("kmod_module_symbol_get_crc", entry)],
		async (kmod, module) => (await kmod.symbols(module)).map(pair),
	),
	fileRow(
		[
			"kmod_module_get_dependency_symbols",
			"kmod_module_dependency_symbol_get_symbol",
			"kmod_module_dependency_symbol_get_crc",
			"kmod_module_dependency_symbol_get_bind",
		],
		"dependencySymbols",
		"kmod_module_dependency_symbols_free_list",
		(entry) => [
			text("kmod_module_dependency_symbol_get_symbol", entry),
			number("kmod_module_dependency_symbol_get_crc", entry),
			String.fromCharCode(number("kmod_module_dependency_symbol_get_bind", entry)),
		],
		async (kmod, module) => (await kmod.dependencySymbols(module)).map((symbol) => [...pair(symbol), symbol.bind]),
	),
];

/** Only kmod_module_apply_filter takes the kind to leave out: 1 for blacklisted modules, 2 for built-in ones. */
function filterRow(name: "kmod_module_get_filtered_blacklist" | "kmod_module_apply_filter"): Row {
	const kinds = name === "kmod_module_apply_filter" ? [1, 2, 3] : [1];
	return {
		functions: [name],
		ours: "filter",
		real: ({ package: place }) =>
			eachReal(place, kinds, (context, kind) => {
				const list = given("kmod_module_new_from_lookup", context, "own-alias");
				const out: [Pointer] = [null];
				const input = kinds.length > 1 ? [kind, list] : [list];
				call(name, context, ...input, out);
				return namesIn(out[0]);
			}),
		answer({ open, package: place }) {
			const kmod = open(place);
			const all = kmod.lookUp("own-alias");
			return kinds.map((kind) =>
				namesOf(kmod.filter(all, { blacklisted: (kind & 1) !== 0, builtin: (kind & 2) !== 0 })),
			);
		},
	};
}
