// The records of hotplugd check --json, and their types: schemas/check.json is made from them, docstrings and all.
import type { Problem, ProblemKind } from "../../libkmod/kernel/kernel.js";
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import type { Checked, Checker } from "../settings/check.js";

/** A line of hotplugd check --json: first the files that were read, then the problems, then the counts of both. */
export type CheckRecord = CheckedRecord | ProblemRecord | CheckSummaryRecord;

/** A file that was read, and as what. */
export type CheckedRecord = { readonly kind: "checked" } & Checked;

/** A problem of a file. */
export type ProblemRecord = {
	readonly kind: "problem";
	/** The kind of problem, where kmod has a message of its own for it. */
	readonly problem?: ProblemKind;
} & Omit<Problem, "kind">;

/** The last record: counts. */
export type CheckSummaryRecord = {
	readonly kind: "summary";
	/** Files that were read. */
	readonly checked: WholeNumber;
	readonly problems: WholeNumber;
};

/** Returns what was found as records for JSON lines. */
export function listCheckRecords({ checked, problems }: Pick<Checker, "checked" | "problems">): readonly CheckRecord[] {
	return [
		...checked.map((one) => ({ kind: "checked", ...one }) as const),
		...problems.map(recordProblem),
		{ kind: "summary", checked: checked.length, problems: problems.length },
	];
}

function recordProblem({ kind, ...problem }: Problem): ProblemRecord {
	return { kind: "problem", ...problem, ...(kind !== undefined && { problem: kind }) };
}
