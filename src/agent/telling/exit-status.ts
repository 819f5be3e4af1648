// The exit status of coldplug, and its sentences. The table is documented in docs/coldplug.md.

import { keepsAllOut } from "../../libkmod/evidence/evidence.js";
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
	/** A driver failed, or the kernel refused one; all others were loaded. */
	driverFailed: 3,
	/**
	 * This process or this kernel may load no module at all: CAP_SYS_MODULE is missing, or kernel.modules_disabled is set. An EPERM
	 * that concerns one module, or whose cause is not known, is a driver that failed. So the status does not depend on which other
	 * drivers were live before.
	 */
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
	if (failures.some(isForbidden)) return exitStatus.notPermitted;
	if (failures.some(isWithoutLoader)) return exitStatus.noModules;
	return exitStatus.driverFailed;
}

/** Whether the failure goes back to a refusal that keeps every module out. */
function isForbidden(outcome: Outcome): boolean {
	const { evidence } = rootOf(outcome);
	return evidence !== undefined && keepsAllOut(evidence);
}

/** Whether the failure goes back to a kernel that cannot load modules. */
function isWithoutLoader(outcome: Outcome): boolean {
	const { reason } = rootOf(outcome);
	return reason instanceof Refusal && reason.code === "ENOSYS";
}

/**
 * Returns a line for each failure among the last outcomes of the modules, and one line for all that were refused because no module
 * may be loaded.
 */
export function explainFailures(outcomes: readonly Outcome[]): readonly string[] {
	// Modules that are missing because an index is damaged are told with the other look-ups that failed.
	const failures = outcomes.filter((outcome) => isFailure(outcome) && !("problem" in outcome.step));
	const [shared, own] = [failures.filter(isForAll), failures.filter((outcome) => !isForAll(outcome))];
	const [refused] = shared;
	if (refused === undefined || shared.length === 1) return failures.map(explainOne);
	const together = `could not load any of ${shared.length} modules: ${explainOutcome(rootOf(refused))}`;
	return [together, ...own.map(explainOne)];
}

const isForAll = (outcome: Outcome): boolean => isForbidden(outcome) || isWithoutLoader(outcome);

const explainOne = (outcome: Outcome): string =>
	`could not load ${outcome.step.module} (${explainCause(outcome.step.cause)}): ${explainOutcome(outcome)}`;
