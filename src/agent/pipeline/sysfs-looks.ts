// Looking at all devices of /sys: once at the start where that is wanted, and again when something was missed. One look serves
// all that was missed before it begins; where it goes on being missed, the looks become rarer.

import {
	catchError,
	concat,
	concatMap,
	defer,
	EMPTY,
	finalize,
	from,
	ignoreElements,
	map,
	merge,
	type Observable,
	of,
	type SchedulerLike,
	Subject,
	startWith,
	timer,
} from "rxjs";
import type { PresentDevice } from "../../ports/devices.js";
import type { Devices } from "../devices/devices.js";
import { asError } from "../faults/skipped.js";
import type { Report } from "../telling/report.js";

/** Devices that came up, however that was learned. */
export type Arrival = { readonly kind: "devices"; readonly devices: readonly PresentDevice[] };

export type LookingOptions = {
	readonly devices: Devices;
	/** Between two looks at first; twice as long after each that was not enough, but the first two. */
	readonly pauseMilliseconds: number;
	readonly lookAtStart: boolean;
	readonly scheduler: SchedulerLike;
	/** A look has ended. */
	readonly onLooked: () => void;
};

export type Looking = {
	readonly seen: Observable<Report | Arrival>;
	/** Something was missed. */
	again(): void;
	/** Nothing was missed for a while. */
	allSeen(): void;
	/** A look is due or goes on. */
	isUnderWay(): boolean;
};

const LONGEST_PAUSE = 64;

export function makeLooking(options: LookingOptions): Looking {
	const { devices, pauseMilliseconds, lookAtStart, scheduler, onLooked } = options;
	const looks = new Subject<void>();
	let due = lookAtStart;
	let walking = false;
	let walkedOnce = !lookAtStart;
	let looksAgain = 0;

	function again(): void {
		if (due) return;
		due = true;
		looksAgain++;
		looks.next();
	}

	function pause(): Observable<never> {
		const times = Math.min(2 ** Math.max(0, looksAgain - 2), LONGEST_PAUSE);
		return timer(times * pauseMilliseconds, scheduler).pipe(ignoreElements());
	}

	function walk(): Observable<Report | Arrival> {
		due = false;
		walking = true;
		let count = 0;
		const slices = defer(() => from(devices.present())).pipe(
			map((slice): Arrival => {
				count += slice.length;
				return { kind: "devices", devices: slice };
			}),
		);
		const walked = defer(() => {
			walkedOnce = true;
			return of<Report>({ kind: "walked", devices: count });
		});
		return concat(slices, walked).pipe(
			catchError((error: unknown) => {
				// A machine without devices is no machine; one that is short of descriptors may soon have some.
				if (!walkedOnce) throw error;
				again();
				return of<Report>({ kind: "blind", error: asError(error) });
			}),
			finalize(() => {
				walking = false;
				onLooked();
			}),
		);
	}

	const begin = lookAtStart ? looks.pipe(startWith(undefined)) : merge(looks, EMPTY);
	return {
		seen: begin.pipe(concatMap(() => concat(defer(walk), defer(pause)))),
		again,
		allSeen() {
			looksAgain = 0;
		},
		isUnderWay: () => due || walking,
	};
}
