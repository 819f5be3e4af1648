// Decisions become batches, and batches outcomes. Batches join what is in flight; none waits for another.
import { concat, EMPTY, from, merge, mergeMap, type Observable, type ObservableInput, of } from "rxjs";
import { isUsable, type Outcome } from "../libkmod/inserter.js";
import { Refusal } from "../libkmod/kernel.js";
import type { Knowledge } from "../libkmod/knowledge.js";
import type { Step } from "../libkmod/plan-insertion.js";
import type { Attempts } from "./attempts.js";
import { type Batch, planBatch } from "./batch.js";
import type { Decision } from "./decide.js";
import type { Report } from "./report.js";
import { rootOf } from "./verdict.js";

/** What the pipeline asks of an inserter. */
export type Insertions = {
	/** One flight for each step, in the plan's order. */
	carryOut(plan: readonly Step[]): readonly { readonly outcome: ObservableInput<Outcome>; readonly joined: boolean }[];
	inFlight(): number;
};

export type BatchInsertionOptions = {
	readonly knowledge: Knowledge;
	readonly inserter: Insertions;
	readonly attempts: Attempts;
	/** Names of the live modules, as the kernel says now. */
	readonly listLive: () => ReadonlySet<string>;
};

/** Plans decisions as one batch and carries it out. Never fails: a failure is an outcome. */
export type InsertDecided = (decisions: readonly Decision[]) => Observable<Report>;

export function makeBatchInsertion({ knowledge, inserter, attempts, listLive }: BatchInsertionOptions): InsertDecided {
	let batches = 0;

	function plan(decisions: readonly Decision[]): Batch {
		let live: ReadonlySet<string> | undefined;
		const isLive = (module: string): boolean => {
			live ??= orNone(listLive);
			return live.has(module);
		};
		return planBatch(++batches, knowledge, decisions, { isLive, wasTried: attempts.has });
	}

	function carryOut(batch: Batch, again: boolean): Observable<Report> {
		const flights = inserter.carryOut(batch.plan);
		/** Begun before the devices of this batch came up: a driver that found no hardware then says nothing about them. */
		const earlier = new Set(batch.plan.flatMap(({ module }, place) => (flights[place]?.joined ? [module] : [])));
		const outcomes = flights.map(({ outcome, joined }, place) => {
			const { module } = batch.plan[place]!;
			const devices = batch.wantedBy.get(module) ?? [];
			for (const device of devices) attempts.record(module, device);
			return from(outcome).pipe(
				mergeMap((ended) => {
					if (isUsable(ended)) for (const device of devices) attempts.forget(module, device);
					const settles =
						again || isUsable(ended) || ended.result === "stopped" || !earlier.has(rootOf(ended).step.module);
					return concat(
						joined ? EMPTY : of<Report>({ kind: "outcome", batch: batch.number, outcome: ended }),
						settles ? EMPTY : tryAgain(batch, module, devices),
					);
				}),
			);
		});
		return concat(of<Report>({ kind: "batch", batch }), merge(...outcomes));
	}

	/** Once: what is begun or joined now began after the devices came up. */
	function tryAgain({ decisions }: Batch, module: string, devices: readonly string[]): Observable<Report> {
		const present = new Set(devices.filter((device) => attempts.has(module, device)));
		for (const device of present) attempts.forget(module, device);
		const concerned = decisions
			.filter(({ device }) => present.has(device))
			.map(({ matches, ...decision }) => ({
				...decision,
				matches: matches.filter(({ found }) => found.module === module),
			}))
			.filter(({ matches }) => matches.length > 0);
		return concerned.length === 0 ? EMPTY : carryOut(plan(concerned), true);
	}

	return (decisions) => carryOut(plan(decisions), false);
}

/** Where the kernel does not tell what is live, it still says so of each module that is begun. */
function orNone(listLive: () => ReadonlySet<string>): ReadonlySet<string> {
	try {
		return listLive();
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		return new Set();
	}
}
