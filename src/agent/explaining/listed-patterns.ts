// All alias patterns that a kernel's modules and the configuration have, each with the place that it comes from.

import { type IndexFile, listEntries, MalformedIndex } from "../../libkmod/formats/index-file.js";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { MatchPlace } from "../../libkmod/knowledge/lookup.js";

export type ListedPattern = {
	/** With underscores for dashes, as in the index. */
	readonly pattern: string;
	/** Normalised module name. */
	readonly module: string;
	readonly via: Extract<MatchPlace, "alias line" | "alias index" | "builtin alias index">;
	/** The line of modprobe.d. Undefined for a pattern of an index. */
	readonly source?: Source;
};

export type ListOptions = {
	/** What the patterns begin with, such as a bus: then the rest of an index is not read. */
	readonly start?: string;
	/** Told when an index is damaged, and the rest of it left out. */
	readonly onDamage?: (damage: MalformedIndex) => void;
};

/**
 * Lists the patterns in the order of the places in which an alias is looked up: alias lines of modprobe.d, the modules' index, the
 * index of what is built in. The rest of a damaged index is left out.
 */
export function* listPatterns(
	{ configuration, indexes }: Pick<Knowledge, "configuration" | "indexes">,
	{ start = "", onDamage }: ListOptions = {},
): Generator<ListedPattern> {
	for (const { pattern, module, source } of configuration.aliases)
		if (pattern.startsWith(start)) yield { pattern, module, via: "alias line", source };
	yield* listIndex(indexes.aliases, "alias index", start, onDamage);
	if (indexes.builtinAliases !== undefined)
		yield* listIndex(indexes.builtinAliases, "builtin alias index", start, onDamage);
}

function* listIndex(
	index: IndexFile,
	via: "alias index" | "builtin alias index",
	start: string,
	onDamage: ((damage: MalformedIndex) => void) | undefined,
): Generator<ListedPattern> {
	const entries = listEntries(index, start);
	for (;;) {
		// Only the index's own damage is caught here, and nothing that the reader of the patterns throws.
		const next = orDamage(() => entries.next(), onDamage);
		if (next === undefined || next.done === true) return;
		yield { pattern: next.value.key, module: next.value.value, via };
	}
}

function orDamage<T>(read: () => T, onDamage: ((damage: MalformedIndex) => void) | undefined): T | undefined {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof MalformedIndex)) throw error;
		onDamage?.(error);
		return undefined;
	}
}
