// Whether a module of a plan would really be inserted, and what keeps it out otherwise: masks, install lines, the kernel's blacklist,
// files that are not there, and the modules that it needs. Nothing counts as live. Pure: whether a file is there is asked of the caller.

import { isMask } from "../../libkmod/insertion/outcome.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { planInsertion, type Step, type Wanted } from "../../libkmod/planning/plan-insertion.js";
import { trimBlanks } from "../../libkmod/text/byte-strings.js";
import type { Hindrance, ModuleHindrance, ServingModule } from "./answers.js";

export type InsertionRules = {
	readonly knowledge: Knowledge;
	/** The names in module_blacklist= of the kernel command line, and its file. */
	readonly kernelBlacklist: { readonly file: string; readonly modules: ReadonlySet<string> };
	/** Whether a module's file is there, given its path. */
	isFileThere(path: string): boolean;
};

/** How a module would come to be there, or what keeps it out. */
export type Insertion = { readonly how: ServingModule["how"] } | { readonly by: Hindrance };

export type InsertionJudge = (wanted: Wanted) => Insertion;

/** Judges modules as if each were asked for alone. Each module is judged once. */
export function makeInsertionJudge(rules: InsertionRules): InsertionJudge {
	const known = new Map<string, Insertion>();
	return (wanted) => {
		const { module } = wanted;
		const judged = known.get(module) ?? judgeAmong(planInsertion(rules.knowledge, [wanted]), module, rules);
		known.set(module, judged);
		return judged;
	};
}

function judgeAmong(plan: readonly Step[], module: string, rules: InsertionRules): Insertion {
	const steps = new Map(plan.map((step) => [step.module, step]));
	const step = steps.get(module);
	return step === undefined ? { by: { kind: "no file" } } : judgeInsertion(step, steps, rules);
}

/** @param steps the whole plan, by module */
export function judgeInsertion(step: Step, steps: ReadonlyMap<string, Step>, rules: InsertionRules): Insertion {
	if (step.how === "missing" && step.problem !== undefined)
		return { by: { kind: "unreadable", problem: step.problem } };
	if (step.how === "masked" && step.needs !== undefined)
		return { by: { kind: "needs", module: step.needs, by: { kind: "masked", source: step.source } } };
	if (step.how === "builtin") return { how: "built in" };
	const own = findHindrance(step, rules);
	if (own !== undefined) return { by: own };
	for (const { module, hard } of step.after) {
		const needed = hard ? steps.get(module) : undefined;
		const by = needed && findHindrance(needed, rules);
		if (by !== undefined && !letsOthersGoOn(by)) return { by: { kind: "needs", module, by } };
	}
	return { how: step.how === "run" ? "install line" : "module" };
}

/** An install line that runs `true` counts as success: modules that need its module go on. */
const letsOthersGoOn = (by: ModuleHindrance): boolean =>
	by.kind === "install line" && !trimBlanks(by.command).endsWith("false");

/** What keeps the module of a step out, whatever it needs. Undefined when nothing does. */
function findHindrance(step: Step, { kernelBlacklist, isFileThere }: InsertionRules): ModuleHindrance | undefined {
	switch (step.how) {
		case "builtin":
			return undefined;
		case "missing":
			return { kind: "no file" };
		case "masked":
			return { kind: "masked", source: step.source };
		case "run":
			if (!isMask(step.command)) return undefined;
			return { kind: "install line", command: trimBlanks(step.command), source: step.source };
		case "insert":
			if (!isFileThere(step.path)) return { kind: "missing file", path: step.path };
			if (!kernelBlacklist.modules.has(step.module)) return undefined;
			return { kind: "kernel blacklist", file: kernelBlacklist.file };
	}
}
