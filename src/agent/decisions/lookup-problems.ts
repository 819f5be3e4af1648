// What a damaged index kept from being looked up, told in one line: one run of depmod mends it all. Pure.
import type { Batch } from "./batch.js";

/** Why, by alias, or by module where only its file or its dependencies could not be found. */
export type LookupProblems = ReadonlyMap<string, string>;

export function listLookupProblems(batches: readonly Batch[]): LookupProblems {
	const problems = new Map<string, string>();
	for (const { decisions, plan } of batches) {
		for (const { alias, problem } of decisions) if (problem !== undefined) problems.set(alias, problem.message);
		for (const step of plan)
			if (step.how === "missing" && step.problem !== undefined) problems.set(step.module, step.problem);
	}
	return problems;
}

/** undefined where there are none. The first reason stands for all. */
export function explainLookupProblems(problems: LookupProblems): string | undefined {
	const [first] = problems.values();
	if (first === undefined) return undefined;
	const what = problems.size === 1 ? "an alias or module" : `${problems.size} aliases or modules`;
	return `could not look up ${what}: ${first}`;
}
