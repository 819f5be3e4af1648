// (wanted, knowledge) -> Step[]: what has to happen, in which order and why. Dry run, -D, log, explanation and inserter
// are readers of this one list. Pure: what is live already is the engine's question, asked when a step begins.
// The order is libkmod's (probe-order.ts), but for rivals.
import { MalformedIndex } from "../formats/index-file.js";
import type { Knowledge } from "../knowledge/knowledge.js";
import { dependenciesOf, listSteps, type Planned, type PlanOptions } from "./probe-order.js";
import { type AskedFor, listRivals, orderRivals, type Rivals } from "./rivals.js";
import type { Step, Wanted } from "./step.js";

export { listProbe, type PlanOptions } from "./probe-order.js";
export type { Prerequisite, Rivals } from "./rivals.js";
export { type Action, byAlias, type Cause, type Step, type Wanted } from "./step.js";

/**
 * The plan for all that is wanted: each module once, in the place where it is first needed, and those that match one alias one
 * after the other, as rivals. Where an index is damaged, that concerns the modules that need the damaged part: they are missing
 * from it.
 */
export function planInsertion(
	knowledge: Knowledge,
	wanted: readonly Wanted[],
	options: PlanOptions = {},
): readonly Step[] {
	const plan = new Map<string, Step>();
	const require = (module: string): void => {
		const earlier = plan.get(module);
		if (earlier?.required === false) plan.set(module, { ...earlier, required: true });
	};
	for (const one of wanted) {
		const known = plan.get(one.module);
		if (known !== undefined) {
			// All that it brings with it is there too.
			if (!known.required) for (const module of [one.module, ...dependenciesOf(knowledge, one)]) require(module);
			continue;
		}
		for (const step of listReadable(knowledge, one, options, plan)) {
			if (!plan.has(step.module))
				plan.set(step.module, { ...step, after: step.after.filter(({ module }) => plan.has(module)) });
			else if (step.required) require(step.module);
		}
	}
	return orderRivals([...plan.values()], rivalsAmong(knowledge, wanted));
}

/** Who goes one after the other: the modules that match one alias of a device, in their order. */
export function rivalsAmong(knowledge: Knowledge, wanted: readonly Wanted[]): readonly Rivals[] {
	return listRivals(wanted.map(askingOf), (module) => knowledge.file(module)?.path);
}

function askingOf({ module, cause }: Wanted): AskedFor {
	return { module, by: cause.kind === "alias" ? { device: cause.device ?? "", alias: cause.alias } : undefined };
}

function listReadable(knowledge: Knowledge, wanted: Wanted, options: PlanOptions, planned: Planned): readonly Step[] {
	try {
		return listSteps(knowledge, wanted, options, planned);
	} catch (error) {
		if (!(error instanceof MalformedIndex)) throw error;
		const { module, cause } = wanted;
		return [{ module, how: "missing", problem: error.message, parameters: "", required: true, after: [], cause }];
	}
}

/** Steps by level: a step's prerequisites all lie in lower levels. Level 0 needs nothing that is in the plan. */
export function levels(plan: readonly Step[]): readonly (readonly Step[])[] {
	const levelOf = new Map<string, number>();
	const byLevel: Step[][] = [];
	for (const step of plan) {
		let level = 0;
		for (const { module } of step.after) level = Math.max(level, 1 + (levelOf.get(module) ?? -1));
		levelOf.set(step.module, level);
		const peers = byLevel[level];
		if (peers === undefined) byLevel[level] = [step];
		else peers.push(step);
	}
	return byLevel;
}
