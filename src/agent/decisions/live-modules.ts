// The live modules as the kernel lists them.

import { listLiveNames } from "../../libkmod/formats/proc-modules.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { planInsertion, type Step } from "../../libkmod/planning/plan-insertion.js";

/** Returns the names of the modules that /proc/modules lists as live. Empty when this kernel has no module support. */
export function listLive(kernel: Kernel): ReadonlySet<string> {
	const text = kernel.read("/proc/modules", bounds.loadedModules)?.toString("latin1") ?? "";
	return listLiveNames(text);
}

/** Returns those of the modules that are not live. Empty when the kernel has no list. */
export function listGone(kernel: Kernel, modules: readonly string[]): readonly string[] {
	const text = modules.length > 0 ? kernel.read("/proc/modules", bounds.loadedModules)?.toString("latin1") : undefined;
	if (text === undefined) return [];
	const live = listLiveNames(text);
	return modules.filter((module) => !live.has(module));
}

/**
 * Plans the hard dependencies of a step that are no longer live. Each of them was live when the step was planned, or came up with
 * the step, and may have been removed since.
 */
export function planGone(kernel: Kernel, knowledge: Knowledge, { module, after }: Step): readonly Step[] {
	const needed = after.filter(({ hard }) => hard).map((one) => one.module);
	const gone = listGone(kernel, needed);
	const cause = { kind: "dependency", of: module } as const;
	const plan = planInsertion(
		knowledge,
		gone.map((one) => ({ module: one, cause })),
	);
	const notLive = new Set(
		listGone(
			kernel,
			plan.map((step) => step.module),
		),
	);
	return plan.filter((step) => notLive.has(step.module) && step.how !== "builtin");
}
