// A name or an alias -> modules: an ordered table of places to look. The first place with an answer is the answer, as in
// libkmod's kmod_module_new_from_lookup; repeats are kept, in its order.
import { findExact, type IndexFile } from "../formats/index-file.js";
import { findMatches } from "../formats/index-search.js";
import type { Source } from "../formats/modprobe-config.js";
import { normaliseAlias } from "../text/module-name.js";
import { matchesWildcard } from "../text/wildcard.js";
import type { Knowledge } from "./knowledge.js";

export type Found = {
	/** Normalised name. */
	readonly module: string;
	readonly via: MatchPlace;
	/** The alias pattern that matched, or the name. */
	readonly pattern: string;
	/** The line of modprobe.d it stands in, where it is one. */
	readonly source?: Source;
};

export type MatchPlace =
	| "alias line"
	| "module"
	| "symbol index"
	| "command line" // of modprobe.d: install or remove
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
 * Modules for a name or alias in any spelling; none for an alias with an unmatched bracket.
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

/** The stages of libkmod's kmod_module_new_from_name_lookup: modules and builtins, no configuration, no alias patterns. */
export function lookUpName(knowledge: Knowledge, name: string): readonly Found[] {
	const key = normaliseAlias(name);
	if (key === undefined) return [];
	for (const search of [dependencies, builtins, builtinAliases]) {
		const found = search(knowledge, key);
		if (found.length > 0) return found;
	}
	return [];
}
