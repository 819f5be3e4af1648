// One call of modprobe: what was asked for, and what it takes to answer.
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import type { Kmod } from "../../libkmod/kmod/kmod.js";
import type { Machine } from "../../ports/machine.js";
import type { Say, Severity } from "../command-line/messages.js";
import type { Values } from "../command-line/options.js";
import type { modprobeOptions } from "./options.js";

export type Call = {
	readonly kmod: Kmod;
	readonly kernel: Kernel;
	readonly given: Values<typeof modprobeOptions>;
	readonly operands: readonly string[];
	readonly machine: Machine;
	readonly say: Say;
	/** Says, wherever errors are said, what kmod leaves unsaid: a line of its own behind kmod's. */
	explain(text: string): void;
	/** Whether what is done is printed: with -v, -n or -D. */
	readonly printing: boolean;
	/** With -a one module's failure is none of the others': it is a warning. Else it is the end. */
	readonly gravity: Extract<Severity, "FATAL" | "WARNING">;
	/** Runs an install or remove command of modprobe.d. */
	runCommand(command: string, module: string): Promise<number>;
};

/** The end of a call that has said why. */
export class Fatal extends HotplugdError {
	override readonly name = "Fatal";
	override readonly code = "ERR_FATAL";
}

/** Whether it is the reader of the output that has gone, which the executable knows how to end by. */
export function isOfReader(error: unknown): boolean {
	return error instanceof Refusal && error.operation === "write";
}

/** Says what keeps a module from what was asked for, and ends the call unless there are others to go on with. */
export function giveUp({ say, gravity }: Pick<Call, "say" | "gravity">, text: string): void {
	say(gravity, text);
	if (gravity === "FATAL") throw new Fatal(text);
}
