// The agent's counters, fed by its reports, for status and for metrics. They are plain numbers, so that counting costs next to
// nothing.

import { type Outcome, type Result, rootOf } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { CommandReport } from "../commands/command-pool.js";
import type { Batch } from "../decisions/batch.js";
import type { Decision } from "../decisions/decider.js";
import { type Durations, makeDurations } from "./durations.js";
import { isFailure } from "./exit-status.js";
import type { Report } from "./report.js";
import type { AgentCounts } from "./status.js";

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

export type ByResult<Name extends string> = Readonly<Partial<Record<Name, number>>>;

/** Counts since the agent began, in addition to those of status. */
export type Metrics = {
	/** Ends of modules of all plans, by result. */
	readonly outcomes: ByResult<Result>;
	/** The kernel's time for each module, whether the kernel accepted the module or not. */
	readonly insertions: Durations;
	/** Insertions that took so long that they gave up their permit. */
	readonly hung: number;
	readonly batches: number;
	/** Looks at all devices that were completed. */
	readonly looks: number;
	/** Sockets that failed. */
	readonly socket_failures: number;
	/** Commands of policy, by result. */
	readonly commands: ByResult<CommandReport["result"]>;
	/** Requests on the control sockets that a fault of the agent kept from their answer. */
	readonly requests_failed: number;
};

export type Counted = {
	record(report: Report | CommandReport): void;
	requestFailed(): void;
	/** Returns the counts of status. */
	counts(): AgentCounts;
	metrics(): Metrics;
};

/** The most aliases remembered, so that a storm of invented aliases cannot fill the memory. */
const MOST_REMEMBERED = 16_384;

export function makeMetrics(): Counted {
	return new Counters();
}

class Counters implements Counted {
	readonly #counts = {
		events_received: 0,
		events_dropped: 0,
		events_refused: 0,
		overruns: 0,
		aliases_new: 0,
		aliases_repeated: 0,
		aliases_unknown: 0,
		modules_inserted: 0,
		skipped: 0,
	} satisfies Omit<Writable<AgentCounts>, "modules_failed">;
	readonly #failed: Record<string, number> = {};
	readonly #outcomes: Partial<Record<Result, number>> = {};
	readonly #commands: Partial<Record<CommandReport["result"], number>> = {};
	readonly #insertions = makeDurations();
	readonly #others = { hung: 0, batches: 0, looks: 0, socket_failures: 0, requests_failed: 0 };
	readonly #lost = makeOdometer();
	readonly #refused = makeOdometer();
	readonly #seen = new Set<string>();

	record(report: Report | CommandReport): void {
		if (report.kind === "heard") this.#counts.events_received += report.uevents.length;
		else if (report.kind === "listening") this.#beginSocket();
		else if (report.kind === "lost") this.#counts.overruns = this.#lost.read(report.drops);
		else if (report.kind === "refused") this.#counts.events_refused = this.#refused.read(report.count);
		else if (report.kind === "batch") this.#countBatch(report.batch);
		else if (report.kind === "outcome") this.#countOutcome(report.outcome);
		else if (report.kind === "hung") this.#others.hung++;
		else if (report.kind === "walked") this.#others.looks++;
		else if (report.kind === "skipped") this.#counts.skipped++;
		else if (report.kind === "deaf") this.#others.socket_failures++;
		else if (report.kind === "command") add(this.#commands, report.result);
	}

	requestFailed(): void {
		this.#others.requests_failed++;
	}

	counts(): AgentCounts {
		return { ...this.#counts, modules_failed: { ...this.#failed } };
	}

	metrics(): Metrics {
		return {
			outcomes: { ...this.#outcomes },
			insertions: this.#insertions.durations(),
			commands: { ...this.#commands },
			...this.#others,
		};
	}

	/** A new socket counts from 0. */
	#beginSocket(): void {
		this.#lost.begin();
		this.#refused.begin();
	}

	#countBatch({ decisions }: Batch): void {
		this.#others.batches++;
		for (const decision of decisions) if (decision.rule === undefined) this.#countAlias(decision);
	}

	#countAlias({ alias, matches, problem, ignored }: Decision): void {
		if (this.#seen.has(alias)) this.#counts.aliases_repeated++;
		else this.#counts.aliases_new++;
		if (this.#seen.size >= MOST_REMEMBERED) this.#seen.clear();
		this.#seen.add(alias);
		if (matches.length === 0 && problem === undefined && ignored === undefined) this.#counts.aliases_unknown++;
	}

	#countOutcome(outcome: Outcome): void {
		const { result, step, milliseconds } = outcome;
		add(this.#outcomes, result);
		if (result === "inserted") this.#counts.modules_inserted++;
		if (step.how === "insert" && wasTried(result)) this.#insertions.add(milliseconds);
		if (isFailure(outcome)) add(this.#failed, reasonOf(rootOf(outcome)));
	}
}

function add<Name extends string>(counts: Partial<Record<Name, number>>, name: Name): void {
	counts[name] = (counts[name] ?? 0) + 1;
}

/** Sums a counter over its restarts at 0. Of each run only the highest value so far is known. */
function makeOdometer() {
	let before = 0;
	let now = 0;
	return {
		begin(): void {
			before += now;
			now = 0;
		},
		read(count: number): number {
			now = Math.max(now, count);
			return before + now;
		},
	};
}

/** Whether the kernel was asked to insert the module. */
function wasTried(result: Result): boolean {
	return result === "inserted" || result === "live" || result === "no device" || result === "failed";
}

/** Returns an errno's name, or a word: the number of label values is bounded. */
function reasonOf({ reason, result, exitStatus }: Outcome): string {
	if (reason instanceof Refusal) return reason.code;
	return exitStatus === undefined ? result : "command";
}
