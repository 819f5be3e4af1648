// Acting on one step, for a probe and for an inserter alike: the module is inserted or its `install` command run, and what the
// machine says to that is read here and nowhere else (EEXIST, ENODEV, exit statuses). Acts, by what it is handed.
import { type Kernel, Refusal } from "../kernel/kernel.js";
import type { Step } from "../planning/step.js";
import type { Outcome } from "./outcome.js";

export type Answer =
	| { readonly result: "inserted" | "ran" }
	/** EEXIST is "live"; ENODEV and ENXIO, by which a module's init says that it found no hardware, are "no device". */
	| { readonly result: "live" | "no device" | "failed"; readonly reason: Error }
	/** The command as it was run, and what it ended with, which is not 0. */
	| { readonly result: "failed"; readonly command: string; readonly exitStatus: number }
	/** There was nothing to be done for it. */
	| { readonly result: "builtin" | "missing" | "masked" };

/** By what a step is acted on. Both reject as a Kernel's do. */
export type Means = {
	insert(path: string, parameters: string): Promise<void>;
	/** Resolves with the exit status. */
	run(command: string, module: string): Promise<number>;
};

/** A step, as far as it matters to what acts on it. */
export type Act = { readonly module: string; readonly parameters: string } & (
	| { readonly how: "insert"; readonly path: string }
	| { readonly how: "run"; readonly command: string }
	| { readonly how: Exclude<Step["how"], "insert" | "run"> }
);

/** Rejects as the means do: readRejection has the answer then. */
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

/** A line of modprobe.d as it is run: with the module's parameters, which a `remove` line has none of. */
export function fillIn(command: string, parameters: string): string {
	return command.replaceAll("$CMDLINE_OPTS", () => parameters);
}

/** Runs lines of modprobe.d by /bin/sh, as modprobe.d(5) has it. */
export function commandsBy(kernel: Pick<Kernel, "run">): Means["run"] {
	return (command, module) => kernel.run(command, { MODPROBE_MODULE: module });
}

export function readRejection(thrown: unknown): Answer {
	const reason = thrown instanceof Error ? thrown : new Error(String(thrown));
	// What open(2) says of the file is nothing that the module's init has answered.
	const code = reason instanceof Refusal && reason.operation === "insert" ? reason.code : "";
	if (code === "EEXIST") return { result: "live", reason };
	return { result: code === "ENODEV" || code === "ENXIO" ? "no device" : "failed", reason };
}

/** Whether the machine was asked for anything. */
export function wasActedOn({ result }: Answer): boolean {
	return result !== "builtin" && result !== "missing" && result !== "masked";
}

/** Whether the insertion failed for want of a symbol, and so of a module that exports it. */
export function lacksSymbol(thrown: unknown): boolean {
	return thrown instanceof Refusal && thrown.operation === "insert" && thrown.code === "ENOENT";
}

/** The part of a step's outcome that the answer is. */
export function resultOf(answer: Answer): Pick<Outcome, "result" | "reason" | "exitStatus"> {
	const { result } = answer;
	if ("exitStatus" in answer) return { result, exitStatus: answer.exitStatus };
	return "reason" in answer && result !== "live" ? { result, reason: answer.reason } : { result };
}
