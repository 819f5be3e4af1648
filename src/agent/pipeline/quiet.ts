// untilQuiet: when things are settled, and when the pipeline ends. Nothing must have come up or ended for the quiet time, nothing
// been lost, no look be due, and nothing be in flight but what hangs. coldplug ends then, a daemon goes on until it is told to stop.
import {
	auditTime,
	concatMap,
	connect,
	debounceTime,
	defer,
	filter,
	type MonoTypeOperatorFunction,
	map,
	merge,
	type Observable,
	of,
	type SchedulerLike,
	share,
	startWith,
	switchMap,
	take,
	takeUntil,
	takeWhile,
	timer,
	withLatestFrom,
} from "rxjs";
import { isArrival } from "./decide.js";
import { isOfKind, type PipelineEvent } from "./events.js";
import type { Progress } from "./progress.js";

export type QuietOptions = {
	readonly progress: Observable<Progress>;
	/** How long nothing must have happened for things to be settled. */
	readonly quietMilliseconds: number;
	/** Where there is no look, silence alone tells that things are settled. */
	readonly lookAtStart: boolean;
	/** Modules in flight that get on. */
	readonly busy: () => number;
	readonly endWhenSettled: boolean;
	/** Ends the listening; modules in flight are awaited until they have ended or hang. */
	readonly stop: Observable<unknown>;
	/** Ends all of it, whatever is in flight. */
	readonly leave: Observable<unknown>;
	readonly scheduler: SchedulerLike;
};

/** So many sockets failed one after the other: waiting for another keeps nobody any longer. */
const SETTLED_DEAF = 4;

export function untilQuiet(options: QuietOptions): MonoTypeOperatorFunction<PipelineEvent> {
	const { progress, quietMilliseconds, lookAtStart, endWhenSettled, stop, leave, scheduler } = options;
	return connect((events) => {
		const active = events.pipe(
			withLatestFrom(progress),
			filter(([event, { failures }]) => isActivity(event, failures)),
			share(),
		);
		const activity = lookAtStart ? active : active.pipe(startWith(undefined));
		/** A turn of the event loop comes after the quiet time: it may have been too busy to hear what is waiting. */
		const quiet = activity.pipe(
			debounceTime(quietMilliseconds, scheduler),
			switchMap(() => timer(0, scheduler).pipe(takeUntil(active))),
		);
		const chatter = events.pipe(filter(isChatter), auditTime(quietMilliseconds, scheduler));
		/** Evaluated once all that follows from the quiet has been told: that something was lost, say. */
		const idle = defer(() => progress.pipe(take(1))).pipe(
			filter((now) => isIdle(now) && options.busy() === 0),
			map((): PipelineEvent => ({ kind: "idle" })),
		);
		const silence = merge(
			quiet.pipe(concatMap(() => merge(of<PipelineEvent>({ kind: "quiet" }), idle))),
			chatter.pipe(map((): PipelineEvent => ({ kind: "quiet" }))),
		).pipe(share());
		const settled = silence.pipe(
			filter(isOfKind("idle")),
			take(1),
			map((): PipelineEvent => ({ kind: "settled" })),
			takeUntil(stop),
		);
		const over = merge(leave, stop.pipe(untilNothingGetsOn(active, options)));
		return merge(silence, settled, events).pipe(
			takeWhile(({ kind }) => !(endWhenSettled && kind === "settled"), true),
			takeUntil(over),
		);
	});
}

/** Something came up or ended: things are not settled. Whatever hangs keeps nobody from being settled any longer. */
function isActivity(event: PipelineEvent, failures: number): boolean {
	switch (event.kind) {
		case "heard":
			return event.uevents.some(isArrival);
		case "walked":
		case "blind":
		case "outcome":
		case "hung":
			return true;
		case "decided":
			return event.asking !== undefined;
		case "deaf":
			return failures === SETTLED_DEAF;
		default:
			return false;
	}
}

/** Only something else was heard. */
function isChatter(event: PipelineEvent): boolean {
	return event.kind === "chatter" || (event.kind === "heard" && !event.uevents.some(isArrival));
}

function isIdle({ isLookDue, isLooking, failures }: Progress): boolean {
	return !isLookDue && !isLooking && (failures === 0 || failures >= SETTLED_DEAF);
}

/** A turn of the event loop after something ended, when all that follows from that has begun. */
function untilNothingGetsOn(active: Observable<unknown>, { busy, scheduler }: QuietOptions) {
	return (stop: Observable<unknown>): Observable<unknown> =>
		stop.pipe(
			switchMap(() => active.pipe(startWith(undefined))),
			switchMap(() => timer(0, scheduler)),
			filter(() => busy() === 0),
		);
}
