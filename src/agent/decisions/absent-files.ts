// Drivers that failed for a passing reason: the driver's file was absent, since a package was being upgraded, or no file
// descriptor was left to open the file. The devices are retried when the file is back, or when new indexes name another path.
// Pure.

import { type Outcome, type Result, rootOf } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";

export type Absence = {
	/** The file that must be back. Undefined when only new indexes can help. */
	readonly path: string | undefined;
};

/**
 * Milliseconds between two checks for a file, about an hour in all. A file that is back later is found when depmod writes new
 * indexes.
 */
export const PAUSES: readonly number[] = Array.from({ length: 130 }, (_, look) => Math.min(250 * 2 ** look, 30_000));

/** The most retries in a row for one module, so that a file which exists, yet is said to be absent, is given up. */
export const MOST_TRIES = 8;

const PASSING: ReadonlySet<string> = new Set(["ENOENT", "EMFILE", "ENFILE"]);
const FAILED: ReadonlySet<Result> = new Set(["failed", "missing", "blocked"]);
/** The exit status of a shell when the command does not exist (POSIX, "Exit Status for Commands"). */
const NO_COMMAND = 127;

/** Returns undefined when the module did not fail for want of a file. */
export function findAbsence(outcome: Outcome): Absence | undefined {
	if (!FAILED.has(outcome.result)) return undefined;
	const { result, step, reason, exitStatus } = rootOf(outcome);
	if (result === "missing") return { path: undefined };
	if (step.how === "run" && exitStatus === NO_COMMAND) return { path: /^\/[^\t-\r ]+/.exec(step.command)?.[0] };
	if (step.how !== "insert" || !(reason instanceof Refusal)) return undefined;
	return reason.operation === "open" && PASSING.has(reason.code) ? { path: step.path } : undefined;
}
