// The entries of depmod's binary indexes.

import type { BuiltinModinfoEntry } from "../formats/builtin-modinfo.js";
import { IndexEntries } from "../formats/index-build.js";
import { normaliseAlias, normaliseModuleName } from "../text/module-name.js";
import type { ModuleDigest } from "./module-digest.js";

const LONGEST_KEY_BYTES = 4095;

/** modules.dep.bin: the name of a module leads to its line of modules.dep. */
export function dependencyEntries(modules: readonly ModuleDigest[], lines: readonly string[]): IndexEntries {
	const entries = new IndexEntries();
	for (const [priority, { name }] of modules.entries()) entries.add(name, priority, lines[priority]!);
	return entries;
}

/** Reports about aliases, in the order of the aliases. */
export type AliasReport = {
	/** Called for an alias with an unmatched bracket, which is left out. */
	unmatchedBracket(alias: string): void;
	/** Called for an alias that a module has for the second time. The alias is kept. */
	duplicate?(key: string, module: string): void;
};

/** modules.alias.bin. */
export function aliasEntries(modules: readonly ModuleDigest[], report: AliasReport): IndexEntries {
	const entries = new IndexEntries();
	for (const [priority, { name, aliases }] of modules.entries()) {
		const met = new Set<string>();
		for (const alias of aliases) {
			const key = addAlias(entries, alias, priority, name, report);
			if (report.duplicate === undefined || key === undefined) continue;
			if (met.has(key)) report.duplicate(key, name);
			met.add(key);
		}
	}
	return entries;
}

/** modules.builtin.alias.bin. */
export function builtinAliasEntries(strings: readonly BuiltinModinfoEntry[], report: AliasReport): IndexEntries {
	const entries = new IndexEntries();
	for (const { module, key, value } of strings)
		if (key === "alias" && module !== "" && value !== "") addAlias(entries, value, 0, module, report);
	return entries;
}

/** Adds an alias. Returns its key, or undefined for an unmatched bracket. */
function addAlias(
	entries: IndexEntries,
	alias: string,
	priority: number,
	module: string,
	{ unmatchedBracket }: AliasReport,
): string | undefined {
	const key = normaliseAlias(alias)?.slice(0, LONGEST_KEY_BYTES);
	if (key === undefined) unmatchedBracket(alias);
	else entries.add(key, priority, module);
	return key;
}

/** A symbol, the module that exports it, and the module's place in the order. */
export type ExportedSymbol = { readonly name: string; readonly module: string; readonly priority: number };

/** modules.symbols.bin. */
export function symbolEntries(symbols: readonly ExportedSymbol[]): IndexEntries {
	const entries = new IndexEntries();
	for (const { name, module, priority } of symbols) entries.add(`symbol:${name}`, priority, module);
	return entries;
}

/** modules.builtin.bin, from the lines of modules.builtin, which are relative paths. Any other line goes to `invalid`. */
export function builtinEntries(text: string, invalid: (line: string) => void): IndexEntries {
	const entries = new IndexEntries();
	const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
	for (const line of lines) {
		if (line === "" || line.startsWith("/")) invalid(line);
		else entries.add(normaliseModuleName(line), 0, "");
	}
	return entries;
}
