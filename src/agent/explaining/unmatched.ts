// What is told of a device that no module has a pattern for: the patterns that come nearest, and the other kernels that have a module
// for it. Pure.

import { busOf } from "./alias-fields.js";
import type { NearestPattern, OtherKernelsModules } from "./explanation.js";
import { placeOfMatch, type Situated } from "./facts.js";
import { listPatterns } from "./listed-patterns.js";
import { findNearest } from "./nearest-patterns.js";
import { countModules, explainNearest } from "./nearest-sentences.js";

const MOST_NEAREST = 3;
/** Of a device's aliases so many are compared with all patterns. Most devices have one, or a few (of=, acpi). */
export const MOST_COMPARED = 8;

/** The nearest patterns for a device's aliases, the nearest first: those that agree in most fields. Each pattern once. */
export function listNearest(facts: Pick<Situated, "knowledge">, aliases: readonly string[]): readonly NearestPattern[] {
	const found = aliases.slice(0, MOST_COMPARED).map((alias) => listNearestTo(facts, alias));
	const byPattern = new Map(found.flat().map((near) => [`${near.module} ${near.pattern}`, near]));
	// The order of one alias stays: only the best of each are compared with those of the others.
	const ranked = found.filter((near) => near.length > 0).toSorted((a, b) => agreementOf(b) - agreementOf(a));
	const all = ranked.flat();
	return all.filter((near) => byPattern.delete(`${near.module} ${near.pattern}`)).slice(0, MOST_NEAREST);
}

const agreementOf = ([first]: readonly NearestPattern[]): number => first?.agreeing.length ?? 0;

function listNearestTo({ knowledge }: Pick<Situated, "knowledge">, alias: string): readonly NearestPattern[] {
	const start = busOf(alias);
	if (start === undefined) return [];
	return findNearest(alias, listPatterns(knowledge, { start }), MOST_NEAREST).map((near) => {
		const [first] = near.patterns;
		return {
			module: first.module,
			pattern: first.pattern,
			place: placeOfMatch(knowledge, first),
			agreeing: near.agreeing,
			field: near.differing[0].field,
			alike: near.patterns.length,
			modules: [...countModules(near).keys()],
			sentence: explainNearest(near),
		};
	});
}

/** The other kernels that have modules for one of a device's aliases. */
export function listElsewhere(facts: Situated, aliases: readonly string[]): readonly OtherKernelsModules[] {
	const kernels = new Map<string, OtherKernelsModules>();
	for (const alias of aliases.slice(0, MOST_COMPARED))
		for (const { release, directory, modules } of facts.otherKernels(alias).kernels) {
			const known = kernels.get(directory)?.modules ?? [];
			const all = [...new Set([...known, ...modules.map(({ module }) => module)])];
			if (all.length > 0) kernels.set(directory, { release, directory, modules: all });
		}
	return [...kernels.values()];
}

/** What could not be searched of the other kernels, each problem once. */
export function listUnsearched(facts: Situated, aliases: readonly string[]): readonly string[] {
	return [...new Set(aliases.slice(0, MOST_COMPARED).flatMap((alias) => facts.otherKernels(alias).problems))];
}
