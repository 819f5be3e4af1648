// look: walks all devices of /sys, once at the start if wanted, and again when devices may have been missed. One look serves all
// that was missed before it begins. While devices go on being missed, a back-off makes the looks rarer.
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
import { asError } from "../../libkmod/kernel/errors.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { PipelineEvent } from "./events.js";

export type LookOptions = {
	/** Walks /sys, a slice at a time. */
	readonly present: () => ObservableInput<readonly PresentDevice[]>;
	readonly lookAtStart: boolean;
	/** Emits when devices may have been missed. */
	readonly missed: Observable<unknown>;
	/** Emits when no device was missed for a while. */
	readonly idle: Observable<unknown>;
	/**
	 * Milliseconds between two looks at first. The pause doubles with each further look that is due before `idle` emits, from the
	 * third look on.
	 */
	readonly pauseMilliseconds: number;
	readonly scheduler: SchedulerLike;
};

const LARGEST_PAUSE_FACTOR = 64;

export function look(options: LookOptions): Observable<PipelineEvent> {
	const { present, lookAtStart, missed, idle, pauseMilliseconds, scheduler } = options;
	return defer(() => {
		const begun = new Subject<void>();
		const failed = new Subject<void>();
		/** Emits once for all devices that are missed before the next look begins. */
		const due = merge(merge(missed, failed).pipe(map(() => true)), begun.pipe(map(() => false))).pipe(
			distinctUntilChanged(),
			filter((isDue) => isDue),
			share(),
		);
		/** The number of looks that were due since `idle` emitted. */
		const looksAgain = merge(due.pipe(map(() => 1)), idle.pipe(map(() => 0))).pipe(
			scan((count, one) => count * one + one, 0),
			startWith(0),
			shareReplay(1, Number.POSITIVE_INFINITY, scheduler),
		);
		const pause = looksAgain.pipe(
			take(1),
			switchMap((count) =>
				timer(pauseMilliseconds * Math.min(2 ** Math.max(0, count - 2), LARGEST_PAUSE_FACTOR), scheduler),
			),
			ignoreElements(),
		);
		const lookOnce = (isFirst: boolean): Observable<PipelineEvent> =>
			walk(present, begun).pipe(
				catchError((error: unknown) => {
					// A first look that fails means that the machine has no /sys: the error ends the pipeline. A later look may
					// fail for want of file descriptors, and is repeated.
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
