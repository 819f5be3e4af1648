// What the agent counts, fed by its reports: plain numbers, so that counting costs next to nothing, for status and for metrics.

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

/** Since the agent began, beside what status tells. */
export type Metrics = {
	/** Every end of a module that a plan held. */
	readonly outcomes: ByResult<Result>;
	/** Of the kernel's work on one module each, whether it took the module or not. */
	readonly insertions: Durations;
	/** Insertions that took so long that they gave up their place. */
	readonly hung: number;
	readonly batches: number;
	/** Looks at all devices that came to their end. */
	readonly looks: number;
	/** Sockets that failed. */
	readonly socket_failures: number;
	/** What policy had run. */
	readonly commands: ByResult<CommandReport["result"]>;
	/** Requests of the sockets that could not be answered as they should, by a fault of the agent's. */
	readonly requests_failed: number;
};

export type Counted = {
	record(report: Report | CommandReport): void;
	requestFailed(): void;
	/** What status tells. */
	counts(): AgentCounts;
	metrics(): Metrics;
};

/** Aliases remembered at most: a storm of made-up ones must not fill the memory. */
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

/** Joins counts that begin anew at 0, of which only the highest so far is known. */
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

/** Whether the kernel was asked to take it. */
function wasTried(result: Result): boolean {
	return result === "inserted" || result === "live" || result === "no device" || result === "failed";
}

/** An errno's name, or a word: there are only so many. */
function reasonOf({ reason, result, exitStatus }: Outcome): string {
	if (reason instanceof Refusal) return reason.code;
	return exitStatus === undefined ? result : "command";
}
