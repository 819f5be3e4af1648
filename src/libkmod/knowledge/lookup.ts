// Looks up the modules for a name or an alias in an ordered table of places. The first place with a match gives the answer, as
// in libkmod's kmod_module_new_from_lookup. Repeats are kept, in libkmod's order.
import { findExact, type IndexFile } from "../formats/index-file.js";
import { findMatches } from "../formats/index-search.js";
import type { Source } from "../formats/modprobe-config.js";
import { normaliseAlias } from "../text/module-name.js";
import { matchesWildcard } from "../text/wildcard.js";
import type { Knowledge } from "./knowledge.js";

export type Found = {
	/** Normalised module name. */
	readonly module: string;
	readonly via: MatchPlace;
	/** The alias pattern that matched, or the name. */
	readonly pattern: string;
	/** The line of modprobe.d that matched. Undefined when an index matched. */
	readonly source?: Source;
};

export type MatchPlace =
	| "alias line"
	| "module"
	| "symbol index"
	| "command line" // an install or remove line of modprobe.d
	| "alias index"
	| "builtin"
	| "builtin alias index";

type Search = (knowledge: Knowledge, key: string) => readonly Found[];

const aliasLines: Search = ({ configuration }, key) => {
	const found: Found[] = [];
	for (const { pattern, module, source } of configuration.aliases)
		if (matchesWildcard(pattern, key)) found.push({ module, via: "alias line", pattern, source });
	return found;
};

const exactly = (via: MatchPlace, index: (knowledge: Knowledge) => IndexFile): Search => {
	return (knowledge, key) =>
		findExact(index(knowledge), key) === undefined ? [] : [{ module: key, via, pattern: key }];
};

const byPattern = (via: MatchPlace, index: (knowledge: Knowledge) => IndexFile | undefined): Search => {
	return (knowledge, key) => {
		const searched = index(knowledge);
		if (searched === undefined) return [];
		return findMatches(searched, key, true).map(({ value, pattern }) => ({ module: value, via, pattern }));
	};
};

const commands: Search = ({ configuration }, key) => {
	const line =
		configuration.install.find(({ pattern }) => pattern === key) ??
		configuration.remove.find(({ pattern }) => pattern === key);
	return line ? [{ module: key, via: "command line", pattern: key, source: line.source }] : [];
};

const dependencies = exactly("module", ({ indexes }) => indexes.dependencies);
const symbols = byPattern("symbol index", ({ indexes }) => indexes.symbols);
const aliases = byPattern("alias index", ({ indexes }) => indexes.aliases);
const builtins = exactly("builtin", ({ indexes }) => indexes.builtins);
const builtinAliases = byPattern("builtin alias index", ({ indexes }) => indexes.builtinAliases);

const places: readonly Search[] = [
	aliasLines,
	(knowledge, key) => (key.includes(":") ? [] : dependencies(knowledge, key)),
	(knowledge, key) => (key.startsWith("symbol:") ? symbols(knowledge, key) : []),
	commands,
	aliases,
	builtins,
	builtinAliases,
];

/**
 * The modules for a name or alias in any spelling. Empty for an alias with an unmatched bracket.
 * @throws {MalformedIndex}
 */
export function lookUp(knowledge: Knowledge, alias: string): readonly Found[] {
	const key = normaliseAlias(alias);
	if (key === undefined) return [];
	for (const search of places) {
		const found = search(knowledge, key);
		if (found.length > 0) return found;
	}
	return [];
}

/**
 * Looks up a name in modules, built-in modules and built-in aliases only, without configuration or alias patterns: the stages
 * of libkmod's kmod_module_new_from_name_lookup.
 */
export function lookUpName(knowledge: Knowledge, name: string): readonly Found[] {
	const key = normaliseAlias(name);
	if (key === undefined) return [];
	for (const search of [dependencies, builtins, builtinAliases]) {
		const found = search(knowledge, key);
		if (found.length > 0) return found;
	}
	return [];
}
