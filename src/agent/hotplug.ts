// The pipeline: uevents and the walk become batches, batches become outcomes. Listening begins before the walk, so that
// nothing slips between; what was begun is awaited, whatever stops the listening.
import {
	auditTime,
	catchError,
	concat,
	concatMap,
	debounceTime,
	defer,
	EMPTY,
	filter,
	finalize,
	from,
	ignoreElements,
	map,
	merge,
	mergeMap,
	type Observable,
	of,
	repeat,
	Subject,
	share,
	startWith,
	switchMap,
	take,
	takeUntil,
	tap,
	throttleTime,
	timer,
} from "rxjs";
import { Refusal } from "../libkmod/kernel.js";
import type { Knowledge } from "../libkmod/knowledge.js";
import { makeAttempts } from "./attempts.js";
import { type Insertions, makeBatchInsertion } from "./batch-insertion.js";
import { makeDecider } from "./decide.js";
import type { Announcement, Devices, PresentDevice } from "./devices.js";
import { makeLosses } from "./losses.js";
import type { Report } from "./report.js";
import { parseUevent } from "./uevent.js";

export type HotplugOptions = {
	readonly devices: Devices;
	readonly knowledge: Knowledge;
	readonly inserter: Insertions;
	/** Names of the live modules, as the kernel says now. */
	readonly listLive: () => ReadonlySet<string>;
	/** How long nothing must have happened for things to be settled. */
	readonly quietMilliseconds: number;
	/** Between two looks at all of /sys, and before another socket is opened: a second where absent. */
	readonly pauseMilliseconds?: number;
	/** Ends the listening; modules in flight are awaited. */
	readonly stop: Observable<unknown>;
	/** coldplug ends when settled; a daemon goes on. */
	readonly endWhenSettled: boolean;
};

/** So many sockets failed one after the other: waiting for another keeps nobody any longer. */
const SETTLED_DEAF = 4;
/** node's timers take no more. */
const LONGEST_TIMER = 2 ** 31 - 1;

type Arrival = { readonly kind: "devices"; readonly devices: readonly PresentDevice[] };

export function hotplug(options: HotplugOptions): Observable<Report> {
	return defer(() => {
		const { devices, inserter, stop, pauseMilliseconds = 1000 } = options;
		const quietMilliseconds = Math.min(options.quietMilliseconds, LONGEST_TIMER);
		const decide = makeDecider(options.knowledge);
		const attempts = makeAttempts();
		const insertDecided = makeBatchInsertion({ ...options, attempts });
		const losses = makeLosses();
		const looks = new Subject<void>();
		/** Something came up or ended: things are not settled. */
		const activity = new Subject<void>();
		/** Only something else was heard. */
		const chatter = new Subject<void>();
		const refusals = new Subject<Report>();
		let lookDue = true;
		let walking = false;
		let walkedOnce = false;
		let failures = 0;

		const heard = defer(() => devices.announced).pipe(
			mergeMap(hear),
			catchError((error: Error) => {
				if (++failures === SETTLED_DEAF) activity.next();
				return of<Report>({ kind: "deaf", error });
			}),
			repeat({ delay: () => timer(pauseMilliseconds) }),
		);

		function hear(announcement: Announcement): Observable<Report | Arrival> {
			switch (announcement.kind) {
				case "listening":
					losses.countedBy(announcement.drops);
					if (failures > 0) lookForMissed();
					failures = 0;
					return of({ kind: "listening", receiveBuffer: announcement.receiveBuffer });
				case "refused":
					// They may have filled the buffer up.
					chatter.next();
					refusals.next(announcement);
					return EMPTY;
				case "truncated":
					return from(lookAgain(announcement.count));
				case "drain":
					return from(hearDrain(announcement.datagrams));
			}
		}

		function hearDrain(datagrams: readonly Buffer[]): readonly (Report | Arrival)[] {
			const uevents = datagrams.map(parseUevent).filter((uevent) => uevent !== undefined);
			const added = uevents.filter(({ action }) => action === "add");
			for (const { action, devpath } of uevents) if (action === "remove") attempts.forgetDevice(devpath);
			const lost = losses.noticeGap(uevents) ? checkLosses() : [];
			(added.length > 0 ? activity : chatter).next();
			const arrived = added.filter(({ aliases }) => aliases.length > 0);
			return arrived.length > 0 ? [...lost, { kind: "devices", devices: arrived }] : lost;
		}

		function checkLosses(): readonly Report[] {
			const drops = losses.check();
			return drops === undefined ? [] : lookAgain(drops);
		}

		function lookAgain(drops: number): readonly Report[] {
			lookForMissed();
			return [{ kind: "lost", drops }];
		}

		/** What was missed may be that a device left. */
		function lookForMissed(): void {
			attempts.forgetAll();
			look();
		}

		/** One look serves all that was missed before it begins. */
		function look(): void {
			if (lookDue) return;
			lookDue = true;
			looks.next();
		}

		const seen = looks.pipe(
			startWith(undefined),
			concatMap(() => concat(defer(walk), timer(pauseMilliseconds).pipe(ignoreElements()))),
		);

		function walk(): Observable<Report | Arrival> {
			lookDue = false;
			walking = true;
			let count = 0;
			const slices = defer(() => devices.present()).pipe(
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
					if (!walkedOnce || !(error instanceof Refusal)) throw error;
					look();
					return of<Report>({ kind: "blind", error });
				}),
				finalize(() => {
					walking = false;
					activity.next();
				}),
			);
		}

		/** A turn of the event loop comes after the quiet time: it may have been too busy to hear what is waiting. */
		const quiet = activity.pipe(
			debounceTime(quietMilliseconds),
			switchMap(() => timer(0).pipe(takeUntil(activity))),
			map(checkLosses),
			share(),
		);
		const lostInQuiet = merge(quiet, chatter.pipe(auditTime(quietMilliseconds), map(checkLosses)));
		const settled = quiet.pipe(
			filter((lost) => lost.length === 0 && !walking && !lookDue && inserter.inFlight() === 0),
			filter(() => failures === 0 || failures >= SETTLED_DEAF),
			take(1),
		);
		const done = options.endWhenSettled ? merge(stop, settled) : stop;
		/** As often as anybody reads them: whoever sends them can send many. */
		const refused = refusals.pipe(throttleTime(pauseMilliseconds, undefined, { leading: true, trailing: true }));
		const worked = merge(heard, refused, lostInQuiet.pipe(mergeMap((lost) => from(lost))), seen).pipe(
			takeUntil(done),
			mergeMap((item) => (item.kind === "devices" ? insertDecided(item.devices.flatMap(decide)) : of(item))),
			tap((report) => {
				if (report.kind === "outcome") activity.next();
			}),
		);
		return merge(
			worked,
			settled.pipe(
				map((): Report => ({ kind: "settled" })),
				takeUntil(stop),
			),
		);
	});
}
