// What the reports of one run of coldplug come to: the last outcome of each module, what could not be done, and the exit status.

import type { Batch } from "../../agent/decisions/batch.js";
import { explainLookupProblems, listLookupProblems } from "../../agent/decisions/lookup-problems.js";
import { exitStatus, explainFailures, judgeOutcomes } from "../../agent/telling/exit-status.js";
import { explainSkipped, listSkipped } from "../../agent/telling/explain.js";
import type { Report } from "../../agent/telling/report.js";
import {
	explainUnended,
	isAnythingUnended,
	makeUnendedBook,
	type Unended,
} from "../../agent/telling/unended-modules.js";
import type { Running } from "../../libkmod/insertion/inserter.js";
import type { Outcome } from "../../libkmod/insertion/outcome.js";

/** All that was planned, and the last outcome of each module. */
export type Told = { readonly batches: readonly Batch[]; readonly outcomes: ReadonlyMap<string, Outcome> };

export type Conclusion = {
	readonly status: number;
	readonly unended: Unended;
	readonly isTimedOut: boolean;
	/** What went wrong, one line each, without a newline. */
	readonly complaints: readonly string[];
	/** What a table of all devices is made of. Undefined when none is asked for. */
	readonly told: Told | undefined;
};

export class ColdplugTally {
	readonly #last = new Map<string, Outcome>();
	readonly #lookupProblems = new Map<string, string>();
	readonly #skipped = new Set<string>();
	readonly #unended = makeUnendedBook();
	/** Why the uevent socket failed. Undefined when another one was opened since. */
	#deaf: Error | undefined;
	readonly #planned = new Set<string>();
	/** Kept only for a table: the decisions of a large machine take memory. */
	readonly #batches: Batch[] | undefined;
	#end: "settled" | "stopped" | "timed out" = "stopped";

	/** @param isTabled whether a table of all devices is made at the end */
	constructor(isTabled = false) {
		this.#batches = isTabled ? [] : undefined;
	}

	record(report: Report): void {
		if (report.kind === "outcome") this.#last.set(report.outcome.step.module, report.outcome);
		if (report.kind === "batch") this.#recordBatch(report.batch);
		if (report.kind === "settled") this.#end = "settled";
		if (report.kind === "deaf") this.#deaf = report.error;
		if (report.kind === "listening") this.#deaf = undefined;
		this.#unended.record(report);
		if (report.kind === "skipped") this.#skipped.add(explainSkipped(report));
	}

	#recordBatch(batch: Batch): void {
		for (const [what, why] of listLookupProblems([batch])) this.#lookupProblems.set(what, why);
		for (const { module } of batch.plan) this.#planned.add(module);
		this.#batches?.push(batch);
	}

	/** How many modules have been planned so far, and how many of them have ended, successfully or not. */
	count(): { readonly known: number; readonly ended: number } {
		return { known: this.#planned.size, ended: this.#last.size };
	}

	/** Notes that the time of --timeout is over. */
	timeOut(): void {
		if (this.#end !== "settled") this.#end = "timed out";
	}

	/** @param running the modules that run when the pipeline has ended */
	conclude(running: readonly Running[]): Conclusion {
		const unended = this.#unended.list(running);
		const outcomes = [...this.#last.values()];
		const unable = this.#listUnable();
		const status = this.#judge(outcomes, unable, unended);
		return {
			status,
			unended,
			isTimedOut: this.#end === "timed out",
			told: this.#batches && { batches: this.#batches, outcomes: this.#last },
			complaints: [...explainFailures(outcomes), ...unable, ...explainUnended(unended)],
		};
	}

	#listUnable(): readonly string[] {
		const notLookedUp = explainLookupProblems(this.#lookupProblems);
		const notHeard =
			this.#deaf && `the uevent socket failed, so devices that came up meanwhile may be missing: ${this.#deaf.message}`;
		return [...listSkipped(this.#skipped), notLookedUp, notHeard].filter((line) => line !== undefined);
	}

	#judge(outcomes: readonly Outcome[], unable: readonly string[], unended: Unended): number {
		if (this.#end === "stopped") return exitStatus.stopped;
		if (this.#end === "timed out" || isAnythingUnended(unended)) return exitStatus.unended;
		return unable.length > 0 ? exitStatus.unable : judgeOutcomes(outcomes);
	}
}
