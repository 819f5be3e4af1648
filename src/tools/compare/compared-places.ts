// Which two sides a call of compare names: two machines, or one machine under two kernels, two configurations or two policies.

import { exitStatus } from "../../agent/telling/exit-status.js";
import { StartFailure } from "../agent/start-failure.js";
import type { CompareOptions } from "./compare-options.js";

const kinds = ["kernel", "config", "policy"] as const;

/** Where a side comes from. What is undefined is the machine's own. */
export type SidePlace = {
	/** A directory that is a machine's root, or the file of a capture. Undefined for this machine. */
	readonly machine?: string | undefined;
	/** A module directory, or a root that has one. */
	readonly kernel?: string | undefined;
	/** In place of modprobe.d. */
	readonly config?: string | undefined;
	/** In place of the directories of rules. */
	readonly policy?: string | undefined;
	/** In what the sides differ, other than the machine. */
	readonly differs?: (typeof kinds)[number];
	/** What tells the side from the other: the operand or the option's argument. Undefined for the machine itself. */
	readonly word: string | undefined;
};

/** @throws {StartFailure} for a call that does not name two sides */
export function findPlaces(given: CompareOptions, operands: readonly string[]): readonly [SidePlace, SidePlace] {
	refuseEmpty(given, operands);
	const [kind, another] = kinds.filter((one) => given[one].length > 0);
	const [machine, second] = operands;
	if (kind === undefined) {
		if (machine === undefined) throw misuse("missing operand: with what is this machine to be compared?");
		const a: SidePlace = second === undefined ? { word: undefined } : { machine, word: machine };
		const b = second ?? machine;
		return [a, { machine: b, word: b }];
	}
	if (another !== undefined) throw misuse(`--${kind} and --${another} exclude each other: one thing is compared`);
	if (second !== undefined) throw misuse(`--${kind} compares one machine with itself: '${second}' is one too many`);
	const [first = "", other, ...more] = given[kind];
	if (more.length > 0) throw misuse(`--${kind} is given ${given[kind].length} times: two things are compared`);
	const alone: SidePlace = { machine, differs: kind, word: undefined };
	const named = (word: string): SidePlace => ({ machine, [kind]: word, differs: kind, word });
	return other === undefined ? [alone, named(first)] : [named(first), named(other)];
}

function refuseEmpty(given: CompareOptions, operands: readonly string[]): void {
	if (operands.includes("")) throw misuse("an operand names no machine: it is empty");
	const kind = kinds.find((one) => given[one].includes(""));
	if (kind !== undefined) throw misuse(`--${kind} names nothing: it is empty`);
	if (operands.filter((one) => one === "-").length > 1)
		throw misuse("standard input is one capture, and - is named twice");
	if (given.dirname === "") throw misuse("-d names no directory: it is empty");
	if (given.setVersion === "") throw misuse("-S names no kernel release: it is empty");
}

const misuse = (line: string): StartFailure => new StartFailure(line, exitStatus.usage);
