// Why a command of the agent could not start, and its messages.

import { exitStatus } from "../../agent/telling/exit-status.js";
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { type Problem, Refusal } from "../../libkmod/kernel/kernel.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";

/** The command could not start. `lines` are the messages for the user, one line each; `status` is the exit status. */
export class StartFailure extends HotplugdError {
	override readonly name = "StartFailure";
	override readonly code = "ERR_START_FAILURE";
	readonly status: number;
	readonly lines: readonly string[];
	constructor(lines: string | readonly string[], status: number) {
		const all = [lines].flat();
		super(all.join("\n"));
		this.status = status;
		this.lines = all;
	}
}

/**
 * Prints why a command could not do its work, and returns the exit status. Rethrows every error that it has no explanation for.
 */
export function complainOf(error: unknown, command: string, machine: Machine): number {
	// A failed write to standard output, such as EPIPE, is handled by the executable (src/main.ts).
	const ofReader = error instanceof Refusal && error.operation === "write";
	if (ofReader || !(error instanceof Refusal || error instanceof StartFailure)) throw error;
	const lines = error instanceof Refusal ? [explainStart(error)] : error.lines;
	for (const line of lines) machine.complain(`${command}: ${printable(line)}\n`);
	return error instanceof StartFailure ? error.status : exitStatus.unable;
}

function explainStart(refusal: Refusal): string {
	const { operation, subject, code, why } = refusal;
	if (operation === "walk" && (code === "ENOENT" || code === "ENOTDIR"))
		return `could not look at the devices: there is no directory ${subject}; is sysfs mounted?`;
	return explainRefusal(refusal, why);
}

/** Formats a problem as one line, without a newline. */
export function formatProblem({ file, line, message }: Problem): string {
	return printable(line === 0 ? `${file}: ${message}` : `${file} line ${line}: ${message}`);
}
