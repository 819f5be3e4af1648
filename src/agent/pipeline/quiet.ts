// untilQuiet: tells when the devices are settled, and when the pipeline ends. Devices are settled when none came up and no
// insertion ended for the quiet time, no uevent was lost, no look is due, and no module is in flight except those that hang.
// coldplug ends then; a daemon goes on until it is stopped.
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
import { isUnderWay, type Progress } from "./progress.js";

export type QuietOptions = {
	readonly progress: Observable<Progress>;
	/** Milliseconds without activity before the devices count as settled. */
	readonly quietMilliseconds: number;
	/** Whether a look begins at the start. Without a look, silence alone tells that the devices are settled. */
	readonly lookAtStart: boolean;
	/** Returns the number of modules in flight, without those that hang or wait for one that hangs. */
	readonly busy: () => number;
	readonly endWhenSettled: boolean;
	/** Emits when the listening must end. Modules in flight are awaited until they have ended or hang. */
	readonly stop: Observable<unknown>;
	/** Emits when the pipeline must end at once, whatever is in flight. */
	readonly leave: Observable<unknown>;
	readonly scheduler: SchedulerLike;
};

/** After this many failed sockets in a row, the devices count as settled without a socket. */
const SETTLED_DEAF = 4;

export function untilQuiet(options: QuietOptions): MonoTypeOperatorFunction<PipelineEvent> {
	const { progress, quietMilliseconds, lookAtStart, endWhenSettled, stop, leave, scheduler } = options;
	return connect((events) => {
		const judged = events.pipe(
			withLatestFrom(progress),
			map(([event, { failures }]) => ({ event, isActive: isActivity(event, failures) })),
			share(),
		);
		const active = judged.pipe(filter(({ isActive }) => isActive));
		const activity = lookAtStart ? active : active.pipe(startWith(undefined));
		/**
		 * One turn of the event loop follows the quiet time: a busy event loop may not have read the messages that wait in the
		 * socket.
		 */
		const quiet = activity.pipe(
			debounceTime(quietMilliseconds, scheduler),
			switchMap(() => timer(0, scheduler).pipe(takeUntil(active))),
		);
		/** Messages were heard, but no arrival. */
		const chatter = judged.pipe(
			filter(({ event: { kind }, isActive }) => kind === "chatter" || (kind === "heard" && !isActive)),
			auditTime(quietMilliseconds, scheduler),
		);
		/** Evaluated after all consequences of the quiet were told, such as a loss of uevents. */
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

/**
 * Whether a device came up or an insertion ended, so that the devices are not settled. From the moment when a module hangs, the
 * module no longer keeps the devices from being settled.
 */
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

function isIdle(progress: Progress): boolean {
	const { failures } = progress;
	return !isUnderWay(progress) && (failures === 0 || failures >= SETTLED_DEAF);
}

/**
 * Emits, after the stop, when every module in flight hangs or waits for one that hangs, or none is left. One turn of the event
 * loop follows each activity, so that all its consequences have begun.
 */
function untilNothingGetsOn(active: Observable<unknown>, { busy, scheduler }: QuietOptions) {
	return (stop: Observable<unknown>): Observable<unknown> =>
		stop.pipe(
			switchMap(() => active.pipe(startWith(undefined))),
			switchMap(() => timer(0, scheduler)),
			filter(() => busy() === 0),
		);
}
