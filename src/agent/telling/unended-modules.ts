// Modules in flight when an agent ends all the same: modules that hang, modules that take longer than the agent waits, and
// modules that wait for these.
import type { Running } from "../../libkmod/insertion/inserter.js";
import type { Step } from "../../libkmod/planning/plan-insertion.js";
import type { UnendedRecord } from "./coldplug-record.js";
import { explainCause } from "./explain.js";
import type { Report } from "./report.js";

export type Unended = {
	/** Modules in their init, or whose command runs. */
	readonly running: readonly (Running & { readonly step: Step | undefined })[];
	/** Modules that have not begun. */
	readonly waiting: readonly string[];
};

export type UnendedBook = {
	/** Takes every report of an agent. */
	record(report: Report): void;
	list(running: readonly Running[]): Unended;
};

export function makeUnendedBook(): UnendedBook {
	const inFlight = new Map<string, Step>();
	return {
		record(report) {
			if (report.kind === "batch") for (const step of report.batch.plan) inFlight.set(step.module, step);
			else if (report.kind === "outcome") inFlight.delete(report.outcome.step.module);
		},
		list(running) {
			const begun = new Set(running.map(({ module }) => module));
			return {
				running: running.map((one) => ({ ...one, step: inFlight.get(one.module) })),
				waiting: [...inFlight.keys()].filter((module) => !begun.has(module)),
			};
		},
	};
}

export const isAnythingUnended = ({ running, waiting }: Unended): boolean => running.length + waiting.length > 0;

/** Returns a line for each module that runs, and one for all that wait. */
export function explainUnended({ running, waiting }: Unended): readonly string[] {
	const lines = running.map(({ module, milliseconds, hung, step }) => {
		const why = step === undefined ? "" : ` (${explainCause(step.cause)})`;
		const seconds = formatSeconds(milliseconds);
		return hung
			? `${module}${why} hangs: it has not ended after ${seconds}, and is left to end`
			: `${module}${why} was not waited for any longer: it has not ended after ${seconds}, and is left to end`;
	});
	if (waiting.length === 0) return lines;
	return [...lines, `modules not begun, since the modules that they wait for have not ended: ${waiting.join(", ")}`];
}

/** Returns the record for --json. */
export function unendedRecord({ running, waiting }: Unended): UnendedRecord {
	return {
		kind: "unended",
		running: running.map(({ module, milliseconds, hung }) => ({
			module,
			milliseconds: Math.round(milliseconds),
			hung,
		})),
		waiting,
	};
}

function formatSeconds(milliseconds: number): string {
	return `${milliseconds < 10_000 ? (milliseconds / 1000).toFixed(1) : Math.round(milliseconds / 1000)} s`;
}
