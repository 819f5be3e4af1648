// What is told of a device that no module has a pattern for: the patterns that come nearest, and the other kernels that have a module
// for it. Pure.

import type { NearestPattern, OtherKernelsModules } from "./explanation.js";
import { placeOfMatch, type Situated } from "./facts.js";
import { listPatterns } from "./listed-patterns.js";
import { findNearest } from "./nearest-patterns.js";
import { countModules, explainNearest } from "./nearest-sentences.js";

const MOST_NEAREST = 3;

/** The nearest patterns for an alias, the nearest first. */
export function listNearest({ knowledge }: Situated, alias: string): readonly NearestPattern[] {
	return findNearest(alias, listPatterns(knowledge), MOST_NEAREST).map((near) => {
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

/** The other kernels that have modules for an alias. */
export function listElsewhere(facts: Situated, alias: string): readonly OtherKernelsModules[] {
	return facts.otherKernels(alias).kernels.flatMap(({ release, directory, modules }) => {
		if (modules.length === 0) return [];
		return [{ release, directory, modules: [...new Set(modules.map(({ module }) => module))] }];
	});
}
