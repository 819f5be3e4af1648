// What the agent counts, fed by its reports: plain numbers, so that counting costs next to nothing, for status and for metrics.

import { type Outcome, type Result, rootOf } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { CommandReport } from "../commands/command-pool.js";
import type { Batch } from "../decisions/batch.js";
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
	const counts = {
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
	const failed: Record<string, number> = {};
	const outcomes: Partial<Record<Result, number>> = {};
	const commands: Partial<Record<CommandReport["result"], number>> = {};
	const insertions = makeDurations();
	const others = { hung: 0, batches: 0, looks: 0, socket_failures: 0, requests_failed: 0 };
	const lost = makeOdometer();
	const refused = makeOdometer();
	const seen = new Set<string>();

	function countAliases({ decisions }: Batch): void {
		for (const { alias, matches, rule, problem, ignored } of decisions) {
			if (rule !== undefined) continue;
			if (seen.has(alias)) counts.aliases_repeated++;
			else counts.aliases_new++;
			if (seen.size >= MOST_REMEMBERED) seen.clear();
			seen.add(alias);
			if (matches.length === 0 && problem === undefined && ignored === undefined) counts.aliases_unknown++;
		}
	}

	function countOutcome(outcome: Outcome): void {
		const { result, step, milliseconds } = outcome;
		add(outcomes, result);
		if (result === "inserted") counts.modules_inserted++;
		if (step.how === "insert" && wasTried(result)) insertions.add(milliseconds);
		if (isFailure(outcome)) add(failed, reasonOf(rootOf(outcome)));
	}

	return {
		record(report) {
			switch (report.kind) {
				case "heard":
					counts.events_received += report.uevents.length;
					return;
				case "listening":
					// A new socket counts from 0.
					lost.begin();
					refused.begin();
					return;
				case "lost":
					counts.overruns = lost.read(report.drops);
					return;
				case "refused":
					counts.events_refused = refused.read(report.count);
					return;
				case "batch":
					others.batches++;
					return countAliases(report.batch);
				case "outcome":
					return countOutcome(report.outcome);
				case "hung":
					others.hung++;
					return;
				case "walked":
					others.looks++;
					return;
				case "skipped":
					counts.skipped++;
					return;
				case "deaf":
					others.socket_failures++;
					return;
				case "command":
					return add(commands, report.result);
			}
		},
		requestFailed: () => void others.requests_failed++,
		counts: () => ({ ...counts, modules_failed: { ...failed } }),
		metrics: () => ({
			outcomes: { ...outcomes },
			insertions: insertions.durations(),
			commands: { ...commands },
			...others,
		}),
	};
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
