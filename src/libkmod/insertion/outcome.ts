// What came of a step.

import type { Step } from "../planning/step.js";
import { trimBlanks } from "../text/byte-strings.js";

export type Result =
	| "inserted"
	| "live" // already, or somebody else was quicker
	| "builtin"
	| "ran" // its `install` command, which ended with 0
	| "masked" // its `install` command is true or false: it was not run
	| "no device" // its init answered ENODEV or ENXIO: there is no such hardware
	| "failed"
	| "missing" // there is neither a file nor a command for it
	| "blocked" // something it cannot do without did not come to life
	| "stopped"; // it had not begun when the inserter was stopped

export type Outcome = {
	readonly step: Step;
	readonly result: Result;
	/** From begin to end, without the wait for prerequisites and a place. */
	readonly milliseconds: number;
	/** Why it failed: a Refusal where it was the kernel's answer. */
	readonly reason?: Error;
	/** What the `install` command ended with. */
	readonly exitStatus?: number;
	/** What blocked it. */
	readonly because?: Outcome;
};

/** Whether modules that need this one can go on. */
export function isUsable({ result, step }: Outcome): boolean {
	if (result === "masked") return step.how === "run" && !trimBlanks(step.command).endsWith("false");
	return result === "inserted" || result === "live" || result === "builtin" || result === "ran";
}

/** An `install` line that keeps a module out: what it runs does nothing, so that running it can be spared. */
export function isMask(command: string): boolean {
	return /^(?:\/(?:usr\/)?bin\/)?(?:true|false)$/.test(trimBlanks(command));
}

/** The outcome that lies at the bottom of this one. */
export function rootOf(outcome: Outcome): Outcome {
	return outcome.because === undefined ? outcome : rootOf(outcome.because);
}
