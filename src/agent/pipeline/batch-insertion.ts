// Decisions become batches, and batches become outcomes. A batch joins insertions that are in flight; no batch waits for another.
// A module that failed is retried for devices that came up late, whose driver is in its back-off, or whose driver's file was
// absent.
import {
	catchError,
	concat,
	defer,
	EMPTY,
	from,
	ignoreElements,
	map,
	merge,
	mergeMap,
	type Observable,
	type ObservableInput,
	of,
	type SchedulerLike,
	tap,
} from "rxjs";
import type { CarryOutOptions } from "../../libkmod/insertion/inserter.js";
import { isUsable, type Outcome, rootOf } from "../../libkmod/insertion/outcome.js";
import { asError } from "../../libkmod/kernel/errors.js";
import type { Step } from "../../libkmod/planning/plan-insertion.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { findAbsence } from "../decisions/absent-files.js";
import type { Attempts } from "../decisions/attempts.js";
import type { BackOff } from "../decisions/back-off.js";
import type { Batch } from "../decisions/batch.js";
import type { Decision } from "../decisions/decider.js";
import { makeModulesUnderWay } from "../decisions/modules-under-way.js";
import type { Waiting } from "../decisions/waiting-devices.js";
import type { Report } from "../telling/report.js";
import { AbsentFileWaits, type AbsentFileWaitsOptions } from "./absent-file-waits.js";
import type { Asker, Asking } from "./asker.js";
import { BatchPlanner, type BatchPlannerOptions } from "./batch-planner.js";
import type { OutcomeEvidence } from "./outcome-evidence.js";
import { RestingDevices, type RestingDevicesOptions } from "./resting-devices.js";
import { type Retry, takeUp } from "./retry.js";

/** The part of an inserter that the pipeline uses. */
export type Insertions = {
	/** Returns one flight for each step, in the plan's order. */
	carryOut(
		plan: readonly Step[],
		options?: CarryOutOptions,
	): readonly { readonly outcome: ObservableInput<Outcome>; readonly joined: boolean }[];
	busy(): number;
};

export type BatchInsertionOptions = Omit<BatchPlannerOptions, "onSkipped"> &
	RestingDevicesOptions &
	AbsentFileWaitsOptions & {
		readonly inserter: Insertions;
		/** Adds evidence to outcomes. When undefined, outcomes are told as they are. */
		readonly evidence?: Pick<OutcomeEvidence, "explain"> | undefined;
		readonly onSkipped?: OnSkipped;
	};

/** Plans decisions as one batch and carries the batch out. The stream never errors: a failure is an outcome. */
export type InsertDecided = (decisions: readonly Decision[], asking?: Asking) => Observable<Report>;

export function makeBatchInsertion(options: BatchInsertionOptions): InsertDecided {
	const insertion = new BatchInsertion(options);
	return (decisions, asking = {}) => defer(() => insertion.insert(decisions, asking));
}

const unexplained: Pick<OutcomeEvidence, "explain"> = { explain: (outcome) => of(outcome) };

/** A batch that is carried out. */
type CarriedOut = {
	readonly batch: Batch;
	/** Whether the batch is a retry, for devices that came up earlier. No further retry follows. */
	readonly isRetry: boolean;
	readonly asker: Asker | undefined;
	/**
	 * Modules that had begun before the devices of this batch came up. When such a driver found no hardware, that says nothing
	 * about these devices.
	 */
	readonly begunEarlier: ReadonlySet<string>;
};

class BatchInsertion {
	readonly #inserter: Insertions;
	readonly #attempts: Attempts;
	readonly #backOff: BackOff;
	readonly #scheduler: SchedulerLike;
	readonly #evidence: Pick<OutcomeEvidence, "explain">;
	readonly #onSkipped: OnSkipped;
	readonly #underWay = makeModulesUnderWay();
	readonly #resting: RestingDevices;
	readonly #files: AbsentFileWaits;
	readonly #planner: BatchPlanner;

	constructor(options: BatchInsertionOptions) {
		const { inserter, attempts, backOff, evidence = unexplained, onSkipped = () => undefined } = options;
		this.#inserter = inserter;
		this.#attempts = attempts;
		this.#backOff = backOff;
		this.#scheduler = options.scheduler;
		this.#evidence = evidence;
		this.#onSkipped = onSkipped;
		this.#resting = new RestingDevices(options);
		this.#files = new AbsentFileWaits(options);
		const planned = { attempts, underWay: this.#underWay, resting: this.#resting, files: this.#files };
		this.#planner = new BatchPlanner({ ...options, onSkipped }, planned);
	}

	/** A module that an asker requests is tried at once, even during its back-off. */
	insert(decisions: readonly Decision[], asking: Asking): Observable<Report> {
		const { asker } = asking;
		const batches = this.#planner.plan(decisions, asker !== undefined, (error) => asker?.onSkipped(error));
		asker?.onPlanned(batches.flatMap(({ plan }) => plan.map(({ module }) => module)));
		return this.#carryOutAll(batches, asking, false);
	}

	#carryOutAll(batches: readonly Batch[], asking: Asking, isRetry: boolean): Observable<Report> {
		return merge(
			...batches.map((batch) =>
				defer(() => this.#carryOut(batch, asking, isRetry)).pipe(
					catchError((thrown: unknown) => {
						this.#onSkipped(`the rest of batch ${batch.number}`, asError(thrown));
						asking.asker?.onSkipped(asError(thrown));
						return EMPTY;
					}),
				),
			),
		);
	}

	#carryOut(batch: Batch, { asker, ...bound }: Asking, isRetry: boolean): Observable<Report> {
		const flights = this.#inserter.carryOut(batch.plan, bound);
		const begunEarlier = new Set(batch.plan.flatMap(({ module }, place) => (flights[place]?.joined ? [module] : [])));
		const carriedOut = { batch, isRetry, asker, begunEarlier };
		const outcomes = flights.map(({ outcome, joined }, place) => {
			const { module } = batch.plan[place]!;
			const devices = (batch.wantedBy.get(module) ?? []).filter((device) => device !== "");
			for (const device of devices) this.#attempts.record(module, device);
			if (joined) return this.#join(carriedOut, module, devices, outcome);
			this.#underWay.begin(module);
			return from(outcome).pipe(mergeMap((ended) => this.#end(carriedOut, module, devices, ended)));
		});
		const rested = this.#resting.rest(batch).map((retries) => retries.pipe(mergeMap((retry) => this.#retry(retry))));
		return concat(of<Report>({ kind: "batch", batch }), merge(...outcomes, ...rested));
	}

	/** The batch that began the module reports the outcome. */
	#join(
		{ batch, isRetry, asker }: CarriedOut,
		module: string,
		devices: readonly string[],
		outcome: ObservableInput<Outcome>,
	): Observable<Report> {
		if (!isRetry) this.#underWay.join(module, batch.decisions, devices);
		if (asker === undefined) return EMPTY;
		const explained = from(outcome).pipe(mergeMap((ended) => this.#evidence.explain(ended)));
		return explained.pipe(tap(asker.onOutcome), ignoreElements());
	}

	#end(carriedOut: CarriedOut, module: string, devices: readonly string[], ended: Outcome): Observable<Report> {
		const { batch, asker } = carriedOut;
		const late = this.#underWay.end(module);
		const report = this.#report(batch, ended).pipe(tap(({ outcome }) => asker?.onOutcome(outcome)));
		if (isUsable(ended)) {
			this.#succeed(module, [...devices, ...late.devices]);
			return report;
		}
		if (ended.result === "stopped") return report;
		this.#backOff.failed(module);
		const own = { decisions: batch.decisions, devices };
		const waiting = isBlockedEarlier(carriedOut, ended) ? both(own, late) : late;
		const isToCome = (rival: string): boolean => this.#underWay.has(rival);
		const retried = this.#retry({ module, ...waiting, isToCome });
		const back = this.#files.wait(module, findAbsence(ended), own, isToCome);
		return concat(report, merge(retried, back.pipe(mergeMap((retry) => this.#retry(retry)))));
	}

	#report({ number }: Batch, ended: Outcome): Observable<Report & { readonly kind: "outcome" }> {
		const at = this.#scheduler.now();
		return this.#evidence.explain(ended).pipe(
			map((outcome) => {
				const late = this.#scheduler.now() - at;
				return { kind: "outcome", batch: number, outcome, ...(late >= 1 && { late }) };
			}),
		);
	}

	#succeed(module: string, devices: readonly string[]): void {
		this.#backOff.succeeded(module);
		this.#files.succeeded(module);
		for (const device of devices) this.#attempts.forget(module, device);
	}

	#retry(retry: Retry): Observable<Report> {
		const decisions = takeUp(retry, this.#attempts);
		return decisions.length === 0 ? EMPTY : this.#carryOutAll(this.#planner.plan(decisions, true), {}, true);
	}
}

/** Whether the failure goes back to a module that had begun before the devices came up. */
function isBlockedEarlier({ isRetry, begunEarlier }: CarriedOut, ended: Outcome): boolean {
	return !isRetry && begunEarlier.has(rootOf(ended).step.module);
}

const both = (first: Waiting, second: Waiting): Waiting => ({
	decisions: [...first.decisions, ...second.decisions],
	devices: [...first.devices, ...second.devices],
});
