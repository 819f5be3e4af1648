// How a coldplug ended, as its exit status and in words. The table is documented in docs/coldplug.md.

import { type Outcome, rootOf } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { explainCause, explainOutcome } from "./explain.js";

export const exitStatus = {
	/** Every wanted module is live, built in, blacklisted, masked, without a match, or found no hardware. */
	done: 0,
	/** It could not begin, aliases could not be looked up (no usable indexes, no /sys), or something was passed over. */
	unable: 1,
	/** Wrong options or settings. */
	usage: 2,
	/** A driver failed; all others were loaded. */
	driverFailed: 3,
	/** No module could be inserted for want of permission. */
	notPermitted: 4,
	/** This kernel cannot load modules. */
	noModules: 5,
	/** A signal ended it before everything was loaded. */
	stopped: 6,
	/** A driver hangs, or the time given was over before things were settled; all else was loaded. */
	unended: 7,
} as const;

/** Whether an operator has to look at it: nobody asks after the failure of what only softdeps wanted. */
export function isFailure(outcome: Outcome): boolean {
	const { result } = rootOf(outcome);
	return outcome.step.required && (result === "failed" || result === "missing");
}

/** Of the last outcome of each module. */
export function judgeOutcomes(outcomes: readonly Outcome[]): number {
	if (outcomes.some(({ result }) => result === "stopped")) return exitStatus.stopped;
	const failures = outcomes.filter(isFailure);
	if (failures.length === 0) return exitStatus.done;
	if (failures.some((outcome) => "problem" in rootOf(outcome).step)) return exitStatus.unable;
	const codes = new Set(failures.map((outcome) => codeOf(rootOf(outcome))));
	const loadedAny = outcomes.some(({ result }) => result === "inserted");
	if (!loadedAny && codes.size === 1 && codes.has("EPERM")) return exitStatus.notPermitted;
	if (codes.has("ENOSYS")) return exitStatus.noModules;
	return exitStatus.driverFailed;
}

function codeOf({ reason }: Outcome): string {
	return reason instanceof Refusal ? reason.code : "";
}

/** Of the last outcome of each module, what has to be looked at: a line each, or one where the kernel refuses them all. */
export function explainFailures(outcomes: readonly Outcome[], status: number): readonly string[] {
	// What is missing for want of an index is told with all else that could not be looked up.
	const failures = outcomes.filter((outcome) => isFailure(outcome) && !("problem" in outcome.step));
	const code = status === exitStatus.notPermitted ? "EPERM" : status === exitStatus.noModules ? "ENOSYS" : undefined;
	const refused = failures.map(rootOf).find((outcome) => codeOf(outcome) === code);
	if (refused !== undefined && failures.length > 1)
		return [`could not load any of ${failures.length} modules: ${explainOutcome(refused)}`];
	return failures.map(
		(outcome) =>
			`could not load ${outcome.step.module} (${explainCause(outcome.step.cause)}): ${explainOutcome(outcome)}`,
	);
}
