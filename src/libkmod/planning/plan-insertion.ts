// Plans an insertion, (wanted, knowledge) -> Step[]: which modules to load, in which order and why. Dry run, -D, the log, the
// explanation and the inserter all read this one list. Pure: the plan does not ask which modules are live already; the engine
// does when a step begins.
// The order is libkmod's (probe-order.ts), except for rivals.
import { MalformedIndex } from "../formats/index-file.js";
import type { Knowledge } from "../knowledge/knowledge.js";
import { dependenciesOf, listSteps, type Planned, type PlanOptions } from "./probe-order.js";
import { type AskedFor, listRivals, orderRivals, type Rivals } from "./rivals.js";
import type { Step, Wanted } from "./step.js";

export { listProbe, type PlanOptions } from "./probe-order.js";
export type { Prerequisite, Rivals } from "./rivals.js";
export { type Action, byAlias, type Cause, type Step, type Wanted } from "./step.js";

/**
 * The plan for all wanted modules. Each module stands in the plan once, at the place where it is first needed. Modules that
 * match one alias begin one after the other, as rivals. A module that needs a damaged part of an index stands in the plan as
 * missing.
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
			// The module's dependencies and softdeps are in the plan too.
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

/** The groups of rivals: modules that match one alias of a device, in their order. */
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

/** Steps by level: all prerequisites of a step lie in lower levels. A step of level 0 has no prerequisite in the plan. */
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
