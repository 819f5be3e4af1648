// The exit status of coldplug, and its sentences. The table is documented in docs/coldplug.md.

import { type Outcome, rootOf } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { explainCause, explainOutcome } from "./explain.js";

export const exitStatus = {
	/** Every wanted module is live, built in, blacklisted, masked, without a match, or found no hardware. */
	done: 0,
	/** coldplug could not begin, aliases could not be looked up (no usable indexes, no /sys), or a part was skipped. */
	unable: 1,
	/** Wrong options or settings. */
	usage: 2,
	/** A driver failed; all others were loaded. */
	driverFailed: 3,
	/** No module could be inserted for want of permission. */
	notPermitted: 4,
	/** This kernel cannot load modules. */
	noModules: 5,
	/** A signal ended coldplug before everything was loaded. */
	stopped: 6,
	/** A driver hangs, or the time limit was over before the devices were settled; all other drivers were loaded. */
	unended: 7,
} as const;

/** Whether an operator must look at the outcome: the failure of a module that only softdeps wanted does not matter. */
export function isFailure(outcome: Outcome): boolean {
	const { result } = rootOf(outcome);
	return outcome.step.required && (result === "failed" || result === "missing");
}

/** Returns the exit status for the last outcome of each module. */
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

/** Returns a line for each failure among the last outcomes of the modules, or one line when the kernel refuses them all. */
export function explainFailures(outcomes: readonly Outcome[], status: number): readonly string[] {
	// Modules that are missing because an index is damaged are told with the other look-ups that failed.
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
