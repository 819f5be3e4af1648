// One call of modprobe: its options and operands, and the kernel, the library and the functions for messages that answer it.
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { type Kernel, type ModuleFiles, Refusal } from "../../libkmod/kernel/kernel.js";
import type { Kmod } from "../../libkmod/kmod/kmod.js";
import type { Machine } from "../../ports/machine.js";
import type { Say, Severity } from "../command-line/messages.js";
import type { Values } from "../command-line/options.js";
import type { modprobeOptions } from "./options.js";

export type Call = {
	readonly kmod: Kmod;
	readonly kernel: Kernel & ModuleFiles;
	readonly given: Values<typeof modprobeOptions>;
	readonly operands: readonly string[];
	readonly machine: Machine;
	readonly say: Say;
	/** Prints an explanation that kmod lacks, as a line of its own after kmod's message, to the same place as error messages. */
	explain(text: string): void;
	/** Whether each step is printed: with -v, -n or -D. */
	readonly printing: boolean;
	/**
	 * The severity of a module's failure. With -a a failure is a warning, and the other modules follow; else it ends the call.
	 */
	readonly gravity: Extract<Severity, "FATAL" | "WARNING">;
	/** Runs an install or remove command of modprobe.d. */
	runCommand(command: string, module: string): Promise<number>;
};

/** Ends the call. The message has already been printed. */
export class Fatal extends HotplugdError {
	override readonly name = "Fatal";
	override readonly code = "ERR_FATAL";
}

/**
 * Whether a write to standard output failed, such as when its reader has gone. The executable (src/main.ts) handles that error.
 */
export function isOfReader(error: unknown): boolean {
	return error instanceof Refusal && error.operation === "write";
}

/** Prints why the request failed for one module. Without -a it ends the call. @throws {Fatal} */
export function giveUp({ say, gravity }: Pick<Call, "say" | "gravity">, text: string): void {
	say(gravity, text);
	if (gravity === "FATAL") throw new Fatal(text);
}
