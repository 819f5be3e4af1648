// depmod(8): computes the files in which modprobe and udev look up modules, from the contents of a kernel's modules. This file
// reads and writes nothing: files come in as bytes and go out as bytes, all of them or none.

import { parseBuiltinModinfo } from "../formats/builtin-modinfo.js";
import { buildIndex, checkLength, type IndexEntries, UnwritableIndex } from "../formats/index-build.js";
import type { KernelSymbols } from "../formats/kernel-symbols.js";
import { findCycles } from "./dependency-cycles.js";
import { buildGraph, listAllNeeded, sortTopologically } from "./dependency-graph.js";
import { findDevname } from "./devname.js";
import { inHashOrder } from "./hash-order.js";
import {
	aliasEntries,
	builtinAliasEntries,
	builtinEntries,
	dependencyEntries,
	type ExportedSymbol,
	symbolEntries,
} from "./index-entries.js";
import type { ModuleDigest } from "./module-digest.js";
import { orderModules } from "./module-order.js";
import { type DepmodProblem, DepmodProblems } from "./problems.js";
import type { SymbolNames } from "./symbol-names.js";
import { findOwners, type SymbolOwners } from "./symbol-owners.js";
import {
	formatAliases,
	formatDependencies,
	formatDevnames,
	formatNeeds,
	formatSoftdeps,
	formatSymbols,
	formatWeakdeps,
} from "./text-files.js";

export type { DepmodProblem } from "./problems.js";

export type DepmodInput = {
	/** The module directory, such as /lib/modules/6.1.0, for messages. */
	readonly directory: string;
	/** The modules, one of each name, in any order. */
	readonly modules: readonly ModuleDigest[];
	/** The names of the symbols in the digests. */
	readonly names: SymbolNames;
	/** modules.order, modules.builtin and modules.builtin.modinfo of the kernel's build. Undefined when the file is missing. */
	readonly order: Buffer | undefined;
	readonly builtin: Buffer | undefined;
	readonly builtinModinfo: Buffer | undefined;
	/** The symbols that the kernel itself exports (-E, -F). */
	readonly kernelSymbols?: KernelSymbols | undefined;
	/** Whether to report needed symbols that nothing exports, and, where checksums are known, those of another version (-e). */
	readonly report?: { readonly unknown: boolean; readonly versions: boolean } | undefined;
	/** A character that compilers put before every symbol (-P). */
	readonly symbolPrefix?: string | undefined;
	/** Whether to report aliases that a module has twice (-w). */
	readonly warnDuplicates?: boolean | undefined;
	/** Whether to make the .bin files too. Default: true. */
	readonly indexes?: boolean | undefined;
	/** Whether to explain which symbol makes one module need another (-v). */
	readonly explain?: boolean | undefined;
};

export type DepmodResult = {
	/** The files to write. Empty when nothing may be written: after a dependency cycle, or an entry that no index can hold. */
	readonly files: ReadonlyMap<string, Buffer>;
	readonly problems: readonly DepmodProblem[];
	/** The text of `explain`, one character per byte. */
	readonly explained: string;
};

const SYMBOL_BUCKETS = 2048;

/** Makes depmod's files, by name, in the order in which depmod writes them. */
export function depmod(input: DepmodInput): DepmodResult {
	const problems = new DepmodProblems(input.directory);
	const { modules, corruptedLine } = orderModules(input.modules, problems.textOf("modules.order", input.order));
	if (corruptedLine !== undefined) problems.corruptedOrder(corruptedLine);
	for (const module of modules) problems.malformed(module);
	const owners = findOwners(modules, input.names, input.kernelSymbols ?? new Map(), input.symbolPrefix ?? "");
	if (input.report) problems.needs(modules, owners, input.names, input.report);
	const graph = buildGraph(modules, owners);
	const explained = input.explain ? formatNeeds(modules, graph, input.names, input.directory) : "";
	const sorted = sortTopologically(graph);
	if (sorted.length < modules.length) {
		problems.cycles(findCycles(graph, sorted), modules);
		return { files: new Map(), problems: problems.list, explained };
	}
	const symbols = listSymbols(modules, owners, input.names);
	try {
		const files = makeFiles(input, modules, listAllNeeded(graph, sorted), symbols, problems);
		return { files: new Map(files), problems: problems.list, explained };
	} catch (error) {
		if (!(error instanceof UnwritableIndex)) throw error;
		problems.add("FATAL", `could not make the indexes: ${error.message}`);
		return { files: new Map(), problems: problems.list, explained };
	}
}

/** The symbols that the modules export, in the order of depmod's hash table. */
function listSymbols(modules: readonly ModuleDigest[], { owners }: SymbolOwners, names: SymbolNames): ExportedSymbol[] {
	const symbols: ExportedSymbol[] = [];
	for (const [symbol, priority] of owners.entries())
		if (priority >= 0) symbols.push({ name: names.nameOf(symbol), module: modules[priority]!.name, priority });
	return inHashOrder(symbols, ({ name }) => name, SYMBOL_BUCKETS);
}

function makeFiles(
	input: DepmodInput,
	modules: readonly ModuleDigest[],
	needed: readonly (readonly number[])[],
	symbols: readonly ExportedSymbol[],
	problems: DepmodProblems,
): [string, Buffer][] {
	const files: [string, Buffer][] = [];
	const text = (name: string, content: string) => files.push([`modules.${name}`, Buffer.from(content, "latin1")]);
	const index = (name: string, entries: () => IndexEntries) => {
		if (input.indexes !== false) {
			const leftOut = (key: string) => problems.leftOut(`modules.${name}.bin`, key);
			files.push([`modules.${name}.bin`, buildIndex(entries(), leftOut)]);
		}
	};
	const dependencies = formatDependencies(modules, needed);
	checkLength([dependencies]);
	text("dep", dependencies.map((line) => `${line}\n`).join(""));
	index("dep", () => dependencyEntries(modules, dependencies));
	text("alias", formatAliases(modules));
	const { unmatchedBracket, duplicate } = problems;
	index("alias", () =>
		aliasEntries(modules, input.warnDuplicates ? { unmatchedBracket, duplicate } : { unmatchedBracket }),
	);
	text("softdep", formatSoftdeps(modules));
	text("weakdep", formatWeakdeps(modules));
	text("symbols", formatSymbols(symbols));
	index("symbols", () => symbolEntries(symbols));
	index("builtin", () => builtinEntries(problems.textOf("modules.builtin", input.builtin) ?? "", problems.badBuiltin));
	index("builtin.alias", () => {
		problems.textOf("modules.builtin.modinfo", input.builtinModinfo);
		return builtinAliasEntries(parseBuiltinModinfo(input.builtinModinfo ?? Buffer.alloc(0)), { unmatchedBracket });
	});
	const devnames = modules.map(findDevname);
	text("devname", formatDevnames(devnames.filter((devname) => devname !== undefined && "type" in devname)));
	for (const [module, devname] of devnames.entries())
		if (devname !== undefined && !("type" in devname))
			problems.devnameWithoutNumbers(modules[module]!.name, devname.name);
	return files;
}
