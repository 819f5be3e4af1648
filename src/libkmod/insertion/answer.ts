// Carries out one step, for a probe and for an inserter alike: inserts the module or runs its `install` command. This file
// alone interprets the machine's answer (EEXIST, ENODEV, exit statuses). Acts, by what it is handed.
import { asError } from "../kernel/errors.js";
import { type Kernel, Refusal } from "../kernel/kernel.js";
import type { Step } from "../planning/step.js";
import type { Outcome } from "./outcome.js";

export type Answer =
	| { readonly result: "inserted" | "ran" }
	/** EEXIST is "live"; ENODEV and ENXIO, by which a module's init says that it found no hardware, are "no device". */
	| { readonly result: "live" | "no device" | "failed"; readonly reason: Error }
	/** The command with its parameters filled in, and its exit status, which is not 0. */
	| { readonly result: "failed"; readonly command: string; readonly exitStatus: number }
	/** The step needed no action. */
	| { readonly result: "builtin" | "missing" | "masked" };

/** The two operations that carry out a step: insert a module file, run a command. Both reject as a Kernel's methods do. */
export type Means = {
	insert(path: string, parameters: string): Promise<void>;
	/** Resolves with the exit status. */
	run(command: string, module: string): Promise<number>;
};

/** The part of a Step that actOn needs. */
export type Act = { readonly module: string; readonly parameters: string } & (
	| { readonly how: "insert"; readonly path: string }
	| { readonly how: "run"; readonly command: string }
	| { readonly how: Exclude<Step["how"], "insert" | "run"> }
);

/** Rejects as the means do. Pass the rejection to readRejection to get the answer. */
export async function actOn(step: Act, { insert, run }: Means): Promise<Answer> {
	if (step.how === "insert") {
		await insert(step.path, step.parameters);
		return { result: "inserted" };
	}
	if (step.how !== "run") return { result: step.how };
	const command = fillIn(step.command, step.parameters);
	const exitStatus = await run(command, step.module);
	return exitStatus === 0 ? { result: "ran" } : { result: "failed", command, exitStatus };
}

/** Replaces $CMDLINE_OPTS in a command of modprobe.d by the module's parameters. A `remove` command has no parameters. */
export function fillIn(command: string, parameters: string): string {
	return command.replaceAll("$CMDLINE_OPTS", () => parameters);
}

/** Runs commands of modprobe.d with /bin/sh and MODPROBE_MODULE set, as modprobe.d(5) says. */
export function commandsBy(kernel: Pick<Kernel, "run">): Means["run"] {
	return (command, module) => kernel.run(command, { MODPROBE_MODULE: module });
}

export function readRejection(thrown: unknown): Answer {
	const reason = asError(thrown);
	// A Refusal of open(2) concerns the file: the module's init did not run.
	const code = reason instanceof Refusal && reason.operation === "insert" ? reason.code : "";
	if (code === "EEXIST") return { result: "live", reason };
	return { result: code === "ENODEV" || code === "ENXIO" ? "no device" : "failed", reason };
}

/** Whether the step reached the machine: an insertion or a command was tried. */
export function wasActedOn({ result }: Answer): boolean {
	return result !== "builtin" && result !== "missing" && result !== "masked";
}

/** Whether the insertion failed with ENOENT: a symbol is missing, so a module that exports the symbol is not loaded. */
export function lacksSymbol(thrown: unknown): boolean {
	return thrown instanceof Refusal && thrown.operation === "insert" && thrown.code === "ENOENT";
}

/** The fields of a step's outcome that come from the answer. */
export function resultOf(answer: Answer): Pick<Outcome, "result" | "reason" | "exitStatus"> {
	const { result } = answer;
	if ("exitStatus" in answer) return { result, exitStatus: answer.exitStatus };
	return "reason" in answer && result !== "live" ? { result, reason: answer.reason } : { result };
}
