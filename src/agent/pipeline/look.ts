// look: all devices of /sys, once at the start where that is wanted, and again when some may have been missed. One look serves
// all that was missed before it begins; where devices go on being missed, the looks become rarer.
import {
	catchError,
	concat,
	concatMap,
	connect,
	defer,
	distinctUntilChanged,
	filter,
	from,
	ignoreElements,
	map,
	merge,
	type Observable,
	type ObservableInput,
	of,
	reduce,
	type SchedulerLike,
	Subject,
	scan,
	share,
	shareReplay,
	startWith,
	switchMap,
	take,
	timer,
} from "rxjs";
import type { PresentDevice } from "../../ports/devices.js";
import { asError } from "../faults/skipped.js";
import type { PipelineEvent } from "./events.js";

export type LookOptions = {
	/** Walks /sys, a slice at a time. */
	readonly present: () => ObservableInput<readonly PresentDevice[]>;
	readonly lookAtStart: boolean;
	/** Whenever devices may have been missed. */
	readonly missed: Observable<unknown>;
	/** Whenever none was for a while. */
	readonly idle: Observable<unknown>;
	/** Between two looks at first; twice as long after each that was not enough, but the first two. */
	readonly pauseMilliseconds: number;
	readonly scheduler: SchedulerLike;
};

const LONGEST_PAUSE = 64;

export function look(options: LookOptions): Observable<PipelineEvent> {
	const { present, lookAtStart, missed, idle, pauseMilliseconds, scheduler } = options;
	return defer(() => {
		const begun = new Subject<void>();
		const failed = new Subject<void>();
		/** From the first that was missed until a look begins. */
		const due = merge(merge(missed, failed).pipe(map(() => true)), begun.pipe(map(() => false))).pipe(
			distinctUntilChanged(),
			filter((isDue) => isDue),
			share(),
		);
		/** Looks that were due since none was missed for a while. */
		const looksAgain = merge(due.pipe(map(() => 1)), idle.pipe(map(() => 0))).pipe(
			scan((count, one) => count * one + one, 0),
			startWith(0),
			shareReplay(1, Number.POSITIVE_INFINITY, scheduler),
		);
		const pause = looksAgain.pipe(
			take(1),
			switchMap((count) => timer(pauseMilliseconds * Math.min(2 ** Math.max(0, count - 2), LONGEST_PAUSE), scheduler)),
			ignoreElements(),
		);
		const lookOnce = (isFirst: boolean): Observable<PipelineEvent> =>
			walk(present, begun).pipe(
				catchError((error: unknown) => {
					// A machine without devices is no machine; one that is short of descriptors may soon have some.
					if (isFirst) throw error;
					failed.next();
					return of<PipelineEvent>({ kind: "blind", error: asError(error) });
				}),
			);
		return merge(
			looksAgain.pipe(ignoreElements()),
			(lookAtStart ? due.pipe(startWith(undefined)) : due).pipe(
				concatMap((_, place) => concat(lookOnce(lookAtStart && place === 0), pause)),
			),
		);
	});
}

function walk(present: LookOptions["present"], begun: Subject<void>): Observable<PipelineEvent> {
	const found = defer(() => {
		begun.next();
		return from(present());
	}).pipe(map((devices) => ({ kind: "found", devices }) as const));
	return concat(
		of<PipelineEvent>({ kind: "looking" }),
		found.pipe(
			connect((slices) =>
				merge(
					slices,
					slices.pipe(
						reduce((count, { devices }) => count + devices.length, 0),
						map((devices) => ({ kind: "walked", devices }) as const),
					),
				),
			),
		),
	);
}
