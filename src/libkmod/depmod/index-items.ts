// The entries of depmod's binary indexes.

import type { BuiltinModinfoEntry } from "../formats/builtin-modinfo.js";
import type { IndexItem } from "../formats/index-build.js";
import { normaliseAlias, normaliseModuleName } from "../module-name.js";
import type { ModuleDigest } from "./module-digest.js";

const MAX_KEY = 4095;

/** modules.dep.bin: the name of a module leads to its line of modules.dep. */
export function dependencyItems(modules: readonly ModuleDigest[], lines: readonly string[]): IndexItem[] {
	return modules.map(({ name }, priority) => ({ key: name, priority, value: lines[priority]! }));
}

/** What is said of aliases, in the order in which they are met. */
export type AliasReport = {
	/** One that cannot be a pattern is left out. */
	unmatchedBracket(alias: string): void;
	/** One that a module has for the second time; it is kept. */
	duplicate?(key: string, module: string): void;
};

/** modules.alias.bin. */
export function aliasItems(modules: readonly ModuleDigest[], report: AliasReport): IndexItem[] {
	const items: IndexItem[] = [];
	for (const [priority, { name, aliases }] of modules.entries()) {
		const met = new Set<string>();
		for (const alias of aliases) {
			const key = addAlias(items, alias, priority, name, report);
			if (report.duplicate === undefined || key === undefined) continue;
			if (met.has(key)) report.duplicate(key, name);
			met.add(key);
		}
	}
	return items;
}

/** modules.builtin.alias.bin. */
export function builtinAliasItems(entries: readonly BuiltinModinfoEntry[], report: AliasReport): IndexItem[] {
	const items: IndexItem[] = [];
	for (const { module, key, value } of entries)
		if (key === "alias" && module !== "" && value !== "") addAlias(items, value, 0, module, report);
	return items;
}

/** The key, if the alias has one. */
function addAlias(
	items: IndexItem[],
	alias: string,
	priority: number,
	module: string,
	{ unmatchedBracket }: AliasReport,
): string | undefined {
	const key = normaliseAlias(alias)?.slice(0, MAX_KEY);
	if (key === undefined) unmatchedBracket(alias);
	else items.push({ key, priority, value: module });
	return key;
}

/** A symbol, the module that exports it, and the module's place in the order. */
export type ExportedSymbol = { readonly name: string; readonly module: string; readonly priority: number };

/** modules.symbols.bin. */
export function symbolItems(symbols: readonly ExportedSymbol[]): IndexItem[] {
	return symbols.map(({ name, module, priority }) => ({ key: `symbol:${name}`, priority, value: module }));
}

/** modules.builtin.bin, from the lines of modules.builtin, which are paths. One that is none is given to `invalid`. */
export function builtinItems(text: string, invalid: (line: string) => void): IndexItem[] {
	return text
		.replace(/\n$/, "")
		.split("\n")
		.flatMap((line) => {
			if (line !== "" && !line.startsWith("/")) return [{ key: normaliseModuleName(line), priority: 0, value: "" }];
			if (text !== "") invalid(line);
			return [];
		});
}
