// Decisions become batches, and batches outcomes. Batches join what is in flight; none waits for another.

import {
	catchError,
	concat,
	concatMap,
	defer,
	EMPTY,
	filter,
	from,
	ignoreElements,
	merge,
	mergeMap,
	type Observable,
	type ObservableInput,
	of,
	type SchedulerLike,
	take,
	takeUntil,
	tap,
	timer,
} from "rxjs";
import type { CarryOutOptions } from "../../libkmod/insertion/inserter.js";
import { isUsable, type Outcome, rootOf } from "../../libkmod/insertion/outcome.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { Step } from "../../libkmod/planning/plan-insertion.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { type Absence, findAbsence, MOST_TRIES, PAUSES } from "../decisions/absent-files.js";
import type { Attempts } from "../decisions/attempts.js";
import type { BackOff } from "../decisions/back-off.js";
import { type Batch, planApart, planBatch, type Spared } from "../decisions/batch.js";
import type { Decision } from "../decisions/decider.js";
import { makeWaitingDevices } from "../decisions/waiting-devices.js";
import { asError } from "../faults/skipped.js";
import type { Report } from "../telling/report.js";

/** What the pipeline asks of an inserter. */
export type Insertions = {
	/** One flight for each step, in the plan's order. */
	carryOut(
		plan: readonly Step[],
		options?: CarryOutOptions,
	): readonly { readonly outcome: ObservableInput<Outcome>; readonly joined: boolean }[];
	busy(): number;
};

export type BatchInsertionOptions = {
	/** What is known now. */
	readonly knowledge: () => Knowledge;
	readonly inserter: Insertions;
	readonly attempts: Attempts;
	readonly backOff: BackOff;
	/** Names of the live modules, as the kernel says now. */
	readonly listLive: () => ReadonlySet<string>;
	/** Nobody waits any more for what failed to be tried again. */
	readonly stop: Observable<unknown>;
	readonly scheduler: SchedulerLike;
	readonly onSkipped?: OnSkipped;
	/** Whether a file is there. Where absent, a driver whose file was gone is not waited for. */
	readonly hasFile?: ((path: string) => boolean) | undefined;
	/** Other indexes count from now on. */
	readonly renewed?: Observable<unknown> | undefined;
};

export type Asking = CarryOutOptions & { readonly asker?: Asker };

/** Somebody waits for what comes of decisions. What he is told with throws nothing. */
export type Asker = {
	/** Modules that are to begin, or are in flight already: an outcome of each comes. */
	onPlanned(modules: readonly string[]): void;
	onOutcome(outcome: Outcome): void;
	/** A part was passed over: not all that was decided is planned, or not all outcomes come. */
	onSkipped(error: Error): void;
};

/** Plans decisions as one batch and carries it out. Never fails: a failure is an outcome. */
export type InsertDecided = (decisions: readonly Decision[], asking?: Asking) => Observable<Report>;

export function makeBatchInsertion(options: BatchInsertionOptions): InsertDecided {
	const { knowledge, inserter, attempts, backOff, listLive, stop, scheduler, onSkipped = () => undefined } = options;
	/** Devices that came up when what they want was in flight: it may have found no hardware because they were not there. */
	const latecomers = makeWaitingDevices();
	/** Devices that want what has failed so lately that it is left alone for now. */
	const resting = makeWaitingDevices();
	/** Begun or to begin, and not ended. */
	const underWay = new Set<string>();
	/** Devices that want what has no file for now. */
	const absent = makeWaitingDevices();
	const tries = new Map<string, number>();
	let batches = 0;

	/** Mostly one batch: where a decision makes planning throw it is passed over, and what it was among may be several. */
	function plan(decisions: readonly Decision[], atOnce: boolean, asker?: Asker): readonly Batch[] {
		let live: ReadonlySet<string> | undefined;
		const isLive = (module: string): boolean => {
			live ??= orNone(listLive, onSkipped);
			return live.has(module);
		};
		const isResting = (module: string): boolean => !atOnce && backOff.wait(module) > 0;
		const wasTried = (module: string, device: string): boolean =>
			attempts.has(module, device) && absent.isEmpty(module);
		const isUnderWay = (module: string): boolean => underWay.has(module);
		const situation = { isLive, isResting, isUnderWay, wasTried };
		return planApart(
			decisions,
			(some) => {
				const batch = planBatch(batches + 1, knowledge(), some, situation);
				batches++;
				return batch;
			},
			(what, error) => {
				onSkipped(what, error);
				asker?.onSkipped(error);
			},
		);
	}

	function planFor(decisions: readonly Decision[], asker: Asker): readonly Batch[] {
		const batches = plan(decisions, true, asker);
		asker.onPlanned(batches.flatMap((batch) => batch.plan.map(({ module }) => module)));
		return batches;
	}

	function carryOutAll(batches: readonly Batch[], again: boolean, asking: Asking): Observable<Report> {
		return merge(
			...batches.map((batch) =>
				defer(() => carryOut(batch, again, asking)).pipe(
					catchError((thrown: unknown) => {
						onSkipped(`the rest of batch ${batch.number}`, asError(thrown));
						asking.asker?.onSkipped(asError(thrown));
						return EMPTY;
					}),
				),
			),
		);
	}

	function carryOut(batch: Batch, again: boolean, { asker, ...bound }: Asking): Observable<Report> {
		const flights = inserter.carryOut(batch.plan, bound);
		/** Begun before the devices of this batch came up: a driver that found no hardware then says nothing about them. */
		const earlier = new Set(batch.plan.flatMap(({ module }, place) => (flights[place]?.joined ? [module] : [])));
		const outcomes = flights.map(({ outcome, joined }, place) => {
			const { module } = batch.plan[place]!;
			const devices = (batch.wantedBy.get(module) ?? []).filter((device) => device !== "");
			for (const device of devices) attempts.record(module, device);
			if (joined) {
				if (!again) latecomers.add(module, batch.decisions, devices);
				return asker ? from(outcome).pipe(tap(asker.onOutcome), ignoreElements()) : EMPTY;
			}
			underWay.add(module);
			return from(outcome).pipe(
				mergeMap((ended) => {
					underWay.delete(module);
					asker?.onOutcome(ended);
					const report: Report = { kind: "outcome", batch: batch.number, outcome: ended };
					const late = latecomers.take(module);
					if (isUsable(ended)) {
						backOff.succeeded(module);
						tries.delete(module);
						for (const device of [...devices, ...late.devices]) attempts.forget(module, device);
						return of(report);
					}
					if (ended.result === "stopped") return of(report);
					backOff.failed(module);
					const blockedEarlier = !again && earlier.has(rootOf(ended).step.module);
					const decisions = blockedEarlier ? [...batch.decisions, ...late.decisions] : late.decisions;
					return concat(
						of(report),
						merge(
							tryAgain(module, decisions, blockedEarlier ? [...devices, ...late.devices] : late.devices, (rival) =>
								underWay.has(rival),
							),
							waitForFile(module, findAbsence(ended), batch.decisions, devices),
						),
					);
				}),
			);
		});
		return concat(of<Report>({ kind: "batch", batch }), merge(...outcomes, ...restAll(batch)));
	}

	/**
	 * Once: what is begun or joined now began after the devices came up. The rivals behind it keep their order: those that
	 * are still to come are planned with it.
	 */
	function tryAgain(
		module: string,
		decisions: readonly Decision[],
		devices: readonly string[],
		isToCome: (rival: string) => boolean,
	): Observable<Report> {
		const present = new Set(devices.filter((device) => attempts.has(module, device)));
		const concerned = decisions.filter(({ device }) => present.has(device)).flatMap(fromModuleOn);
		for (const { device, matches } of concerned) for (const { found } of matches) attempts.forget(found.module, device);
		return concerned.length === 0 ? EMPTY : carryOutAll(plan(concerned, true), true, {});

		function fromModuleOn(decision: Decision): readonly Decision[] {
			const first = decision.matches.findIndex(({ found }) => found.module === module);
			if (first < 0) return [];
			const matches = decision.matches.slice(first).filter(({ found }, place) => place === 0 || isToCome(found.module));
			return [{ ...decision, matches }];
		}
	}

	/** One wait serves all the devices that come up meanwhile. */
	function waitForFile(
		module: string,
		absence: Absence | undefined,
		decisions: readonly Decision[],
		devices: readonly string[],
	): Observable<Report> {
		const { hasFile, renewed = EMPTY } = options;
		if (absence === undefined || hasFile === undefined || devices.length === 0) return EMPTY;
		const first = absent.isEmpty(module);
		absent.add(module, decisions, devices);
		if (!first) return EMPTY;
		const tried = tries.get(module) ?? 0;
		tries.set(module, tried + 1);
		const { path } = absence;
		const pauses = path === undefined || tried >= MOST_TRIES ? [] : PAUSES.slice(tried);
		const back = from(pauses).pipe(
			concatMap((milliseconds) => timer(milliseconds, scheduler)),
			filter(() => path !== undefined && hasFile(path)),
		);
		return merge(renewed.pipe(tap(() => tries.delete(module))), back).pipe(
			take(1),
			takeUntil(stop),
			mergeMap(() => {
				const waiting = absent.take(module);
				return tryAgain(module, waiting.decisions, waiting.devices, (rival) => underWay.has(rival));
			}),
		);
	}

	/** What a device wants counts as tried for it where it is going to be: with the driver that rests, or behind that. */
	function restAll({ spared, decisions }: Batch): readonly Observable<Report>[] {
		const devices = new Map<string, string[]>();
		for (const { module, device, why } of spared)
			if (why === "resting" && devices.get(module)?.push(device) === undefined) devices.set(module, [device]);
		const isOfThese = new Set(spared.filter(isPutOff).map(({ module, device }) => `${device}\0${module}`));
		return [...devices].map(([module, waiting]) => {
			const first = resting.isEmpty(module);
			for (const { device, matches } of resting.add(module, decisions, waiting))
				for (const { found } of matches)
					if (isOfThese.has(`${device}\0${found.module}`)) attempts.record(found.module, device);
			return first ? rest(module) : EMPTY;
		});
	}

	/** One timer serves all the devices that come up meanwhile. */
	function rest(module: string): Observable<Report> {
		return timer(backOff.wait(module), scheduler).pipe(
			takeUntil(stop),
			mergeMap(() => {
				const { decisions, devices } = resting.take(module);
				return tryAgain(module, decisions, devices, () => true);
			}),
		);
	}

	return (decisions, asking = {}) =>
		defer(() => {
			const { asker } = asking;
			return carryOutAll(asker === undefined ? plan(decisions, false) : planFor(decisions, asker), false, asking);
		});
}

const isPutOff = ({ why }: Spared): boolean => why === "resting" || why === "behind";

/** Where the kernel does not tell what is live, it still says so of each module that is begun. */
function orNone(listLive: () => ReadonlySet<string>, onSkipped: OnSkipped): ReadonlySet<string> {
	try {
		return listLive();
	} catch (thrown) {
		if (!(thrown instanceof Refusal)) onSkipped("the list of live modules", asError(thrown));
		return new Set();
	}
}
