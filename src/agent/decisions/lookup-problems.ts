// Look-ups that failed because of a damaged index, told in one line: one run of depmod repairs the index. Pure.
import type { Batch } from "./batch.js";

/** The reason by alias, or by module when only the module's file or dependencies could not be found. */
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

/** Returns undefined when there are no problems. The message gives the first reason only. */
export function explainLookupProblems(problems: LookupProblems): string | undefined {
	const [first] = problems.values();
	if (first === undefined) return undefined;
	const what = problems.size === 1 ? "an alias or module" : `${problems.size} aliases or modules`;
	return `could not look up ${what}: ${first}`;
}
