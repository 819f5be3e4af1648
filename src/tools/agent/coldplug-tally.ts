// What the reports of one run of coldplug come to: the last outcome of each module, what could not be done, and the exit status.

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

export type Conclusion = {
	readonly status: number;
	readonly unended: Unended;
	readonly isTimedOut: boolean;
	/** What went wrong, one line each, without a newline. */
	readonly complaints: readonly string[];
};

export class ColdplugTally {
	readonly #last = new Map<string, Outcome>();
	readonly #lookupProblems = new Map<string, string>();
	readonly #skipped = new Set<string>();
	readonly #unended = makeUnendedBook();
	/** Why the uevent socket failed. Undefined when another one was opened since. */
	#deaf: Error | undefined;
	#end: "settled" | "stopped" | "timed out" = "stopped";

	record(report: Report): void {
		if (report.kind === "outcome") this.#last.set(report.outcome.step.module, report.outcome);
		if (report.kind === "batch")
			for (const [what, why] of listLookupProblems([report.batch])) this.#lookupProblems.set(what, why);
		if (report.kind === "settled") this.#end = "settled";
		if (report.kind === "deaf") this.#deaf = report.error;
		if (report.kind === "listening") this.#deaf = undefined;
		this.#unended.record(report);
		if (report.kind === "skipped") this.#skipped.add(explainSkipped(report));
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
