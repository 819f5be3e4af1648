// The outcome of a step: its result, duration and reason.

import type { Evidence } from "../evidence/evidence.js";
import type { Step } from "../planning/step.js";
import { trimBlanks } from "../text/byte-strings.js";

export type Result =
	| "inserted"
	| "live" // the module was live already, or another caller inserted it first
	| "builtin"
	| "ran" // the `install` command ended with exit status 0
	| "masked" // the `install` command is true or false: it was not run
	| "no device" // the module's init returned ENODEV or ENXIO: no such hardware
	| "failed"
	| "missing" // the module has neither a file nor a command
	| "blocked" // a hard dependency did not become live
	| "stopped"; // the step had not begun when the inserter was stopped

export type Outcome = {
	readonly step: Step;
	readonly result: Result;
	/** Milliseconds from begin to end, without the wait for prerequisites and a permit. */
	readonly milliseconds: number;
	/** Whether the step had to wait for a permit: all were taken when its prerequisites had ended. */
	readonly late?: true;
	/** Why the step failed: a Refusal when the kernel refused. */
	readonly reason?: Error;
	/** The cause of a refusal by the kernel, where someone looked for it and found it. The inserter does not look. */
	readonly evidence?: Evidence;
	/** Exit status of the `install` command. */
	readonly exitStatus?: number;
	/** The outcome of the dependency that blocked this step. */
	readonly because?: Outcome;
};

/** Whether modules that need this one can go on. */
export function isUsable({ result, step }: Outcome): boolean {
	if (result === "masked") return step.how === "run" && !trimBlanks(step.command).endsWith("false");
	return result === "inserted" || result === "live" || result === "builtin" || result === "ran";
}

/** Whether an `install` command keeps a module out. The commands true and false do nothing, so they are not run. */
export function isMask(command: string): boolean {
	return /^(?:\/(?:usr\/)?bin\/)?(?:true|false)$/.test(trimBlanks(command));
}

/** Follows `because` to the outcome that blocked this one in the first place. */
export function rootOf(outcome: Outcome): Outcome {
	return outcome.because === undefined ? outcome : rootOf(outcome.because);
}
