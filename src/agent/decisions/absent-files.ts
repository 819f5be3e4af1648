// Drivers that could not be had for a reason that passes: their file was gone, since a package was just being upgraded, or no
// descriptor was left to open it. Their devices are tried for again when the file is back, or known by another path. Pure.

import { type Outcome, type Result, rootOf } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";

export type Absence = {
	/** What has to be there; undefined where only other indexes can tell. */
	readonly path: string | undefined;
};

/** Milliseconds between two looks for a file: an hour in all. What comes later is found when the indexes are written anew. */
export const PAUSES: readonly number[] = Array.from({ length: 130 }, (_, look) => Math.min(250 * 2 ** look, 30_000));

/** So many times in a row a module is tried again: a file that is there and is said to be gone is tried no more. */
export const MOST_TRIES = 8;

const PASSING: ReadonlySet<string> = new Set(["ENOENT", "EMFILE", "ENFILE"]);
const FAILED: ReadonlySet<Result> = new Set(["failed", "missing", "blocked"]);
/** What a shell ends with where there is no such command (POSIX, "Exit Status for Commands"). */
const NO_COMMAND = 127;

/** undefined where it is not for want of a file that the module did not come to life. */
export function findAbsence(outcome: Outcome): Absence | undefined {
	if (!FAILED.has(outcome.result)) return undefined;
	const { result, step, reason, exitStatus } = rootOf(outcome);
	if (result === "missing") return { path: undefined };
	if (step.how === "run" && exitStatus === NO_COMMAND) return { path: /^\/[^\t-\r ]+/.exec(step.command)?.[0] };
	if (step.how !== "insert" || !(reason instanceof Refusal)) return undefined;
	return reason.operation === "open" && PASSING.has(reason.code) ? { path: step.path } : undefined;
}
