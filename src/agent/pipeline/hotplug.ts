// The pipeline: uevents and the walk become batches, batches become outcomes. Listening begins before the walk, so that
// nothing slips between; what was begun is awaited, whatever stops the listening, but for what hangs.

import {
	auditTime,
	catchError,
	debounceTime,
	defer,
	EMPTY,
	filter,
	from,
	ignoreElements,
	map,
	merge,
	mergeMap,
	type Observable,
	of,
	repeat,
	type SchedulerLike,
	Subject,
	share,
	switchMap,
	take,
	takeUntil,
	tap,
	throttleTime,
	timer,
} from "rxjs";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { makeAttempts } from "../decisions/attempts.js";
import { makeBackOff, noBackOff } from "../decisions/back-off.js";
import { type Decider, type Decision, makeDecider } from "../decisions/decider.js";
import { makeUnmatched } from "../decisions/unmatched-devices.js";
import type { Announcement, Devices } from "../devices/devices.js";
import { makeLosses } from "../devices/losses.js";
import { parseUevent, type Uevent } from "../devices/uevent.js";
import { attempt } from "../faults/skipped.js";
import type { Report } from "../telling/report.js";
import { type Asker, type Insertions, makeBatchInsertion } from "./batch-insertion.js";
import { monotonicScheduler } from "./monotonic-scheduler.js";
import type { Pulse } from "./progress.js";
import { type Arrival, makeLooking } from "./sysfs-looks.js";

export type HotplugOptions = {
	readonly devices: Devices;
	/** What is known now. */
	readonly knowledge: () => Knowledge;
	/** Whenever it has changed. */
	readonly renewed?: Observable<unknown>;
	/** Whenever devices may have been missed, though none was lost: it looks at all of them again. */
	readonly missed?: Observable<unknown>;
	/** Decides by what is known now; asked for again whenever that has changed. */
	readonly decider?: () => Decider;
	/** Whether something else than its aliases asks for modules, whatever has happened to a device. */
	readonly asksForMore?: (uevent: Uevent) => boolean;
	/** Aliases that somebody asks for. */
	readonly requests?: Observable<LoadRequest>;
	readonly inserter: Insertions;
	/** What the inserter finds to report. */
	readonly remarks?: Observable<Report>;
	/** Whether a file is there: a driver whose file was gone is tried again when it is back. Never where absent. */
	readonly hasFile?: (path: string) => boolean;
	/** Names of the live modules, as the kernel says now. */
	readonly listLive: () => ReadonlySet<string>;
	/** How long nothing must have happened for things to be settled. */
	readonly quietMilliseconds: number;
	/** Between two looks at all of /sys, and before another socket is opened: a second where absent. */
	readonly pauseMilliseconds?: number;
	/** Whether it looks at /sys before anything was missed: it does where absent. */
	readonly lookAtStart?: boolean;
	/** Ends the listening; modules in flight are awaited until they have ended or hang. */
	readonly stop: Observable<unknown>;
	/** Ends all of it, whatever is in flight. */
	readonly leave?: Observable<unknown>;
	/** coldplug ends when settled; a daemon goes on. */
	readonly endWhenSettled: boolean;
	/** Is kept up to date. */
	readonly pulse?: Pulse;
	/** By which all of it waits: the monotonic one where absent. */
	readonly scheduler?: SchedulerLike;
};

export type LoadRequest = Asker & {
	readonly alias: string;
	/** Must not wait for a place: the kernel asks, maybe for a module that has one. */
	readonly beyondBound: boolean;
	/** What the alias asks for, before anything is done for it. */
	onDecided(decisions: readonly Decision[]): void;
};

/** So many sockets failed one after the other: waiting for another keeps nobody any longer. */
const SETTLED_DEAF = 4;
/** node's timers take no more. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** All other actions load nothing by themselves. */
function isArrival({ action }: Uevent): boolean {
	return action === "add";
}

export function hotplug(options: HotplugOptions): Observable<Report> {
	return defer(() => {
		const { devices, inserter, knowledge, pulse, stop, endWhenSettled, pauseMilliseconds = 1000 } = options;
		const { asksForMore = () => false, decider = () => makeDecider(knowledge()), lookAtStart = true } = options;
		const { scheduler = monotonicScheduler } = options;
		const { parse = parseUevent, inOrder = true } = devices;
		const quietMilliseconds = Math.min(options.quietMilliseconds, LONGEST_TIMER);
		const attempts = makeAttempts();
		const backOff = endWhenSettled ? noBackOff : makeBackOff(() => scheduler.now());
		const skipped = new Subject<Report>();
		const onSkipped: OnSkipped = (what, error) => skipped.next({ kind: "skipped", what, error });
		const hasFile = endWhenSettled ? undefined : options.hasFile;
		const insertDecided = makeBatchInsertion({ ...options, attempts, backOff, onSkipped, hasFile, scheduler });
		const losses = makeLosses();
		const unmatched = makeUnmatched();
		/** Something came up or ended: things are not settled. */
		const activity = new Subject<void>();
		/** Only something else was heard. */
		const chatter = new Subject<void>();
		const refusals = new Subject<Report>();
		/** Somebody asks whether anything was lost. */
		const doubts = new Subject<void>();
		const looking = makeLooking({
			devices,
			pauseMilliseconds,
			lookAtStart,
			scheduler,
			onLooked: () => activity.next(),
		});
		let decide = decider();
		let failures = 0;
		if (pulse) pulse.isLooking = looking.isUnderWay;
		if (pulse) pulse.checkLosses = () => doubts.next();

		const heard = defer(() => devices.announced).pipe(
			mergeMap(hear),
			catchError((error: Error) => {
				if (++failures === SETTLED_DEAF) activity.next();
				if (pulse) pulse.socket = undefined;
				return of<Report>({ kind: "deaf", error });
			}),
			repeat({ delay: () => timer(pauseMilliseconds, scheduler) }),
		);

		function hear(announcement: Announcement): Observable<Report | Arrival> {
			switch (announcement.kind) {
				case "listening":
					losses.countedBy(announcement.drops);
					if (pulse) pulse.socket = announcement;
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
			const uevents = datagrams.map(parseOne).filter((uevent) => uevent !== undefined);
			const arrived = uevents.filter(isToBeDecided);
			for (const { action, devpath } of uevents) if (action === "remove") forgetDevice(devpath);
			const gap = losses.noticeGap(uevents);
			const lost = gap && inOrder ? checkLosses() : [];
			(uevents.some(isArrival) ? activity : chatter).next();
			if (pulse) pulse.seqnum = losses.lastSeqnum();
			const told: (Report | Arrival)[] = [...lost, { kind: "heard", uevents }];
			return arrived.length > 0 ? [...told, { kind: "devices", devices: arrived }] : told;
		}

		function parseOne(datagram: Buffer): Uevent | undefined {
			return attempt("a uevent", onSkipped, undefined, () => parse(datagram));
		}

		function isToBeDecided(uevent: Uevent): boolean {
			if (isArrival(uevent) && uevent.aliases.length > 0) return true;
			return attempt(uevent.devpath, onSkipped, false, () => asksForMore(uevent));
		}

		function forgetDevice(devpath: string): void {
			attempts.forgetDevice(devpath);
			unmatched.forget(devpath);
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
			looking.again();
		}

		function decideAll(present: readonly PresentDevice[]): readonly Decision[] {
			return present.flatMap((device) => {
				const decisions = decideOne(device);
				unmatched.note(device, decisions);
				return decisions;
			});
		}

		function decideOne(device: PresentDevice): readonly Decision[] {
			return attempt(device.devpath || "a request", onSkipped, [], () => decide(device));
		}

		/** What no module was known for may have one now. */
		const renewed = (options.renewed ?? EMPTY).pipe(
			mergeMap((): readonly Arrival[] => {
				decide = attempt("what was read anew", onSkipped, decide, decider);
				const devicesOnceMore = unmatched.takeAll();
				return devicesOnceMore.length === 0 ? [] : [{ kind: "devices", devices: devicesOnceMore }];
			}),
		);

		const missed = (options.missed ?? EMPTY).pipe(tap(lookForMissed), ignoreElements());

		/** A turn of the event loop comes after the quiet time: it may have been too busy to hear what is waiting. */
		const quiet = activity.pipe(
			debounceTime(quietMilliseconds, scheduler),
			switchMap(() => timer(0, scheduler).pipe(takeUntil(activity))),
			map(checkLosses),
			share(),
		);
		const lostInQuiet = merge(
			quiet,
			merge(chatter.pipe(auditTime(quietMilliseconds, scheduler)), doubts).pipe(map(checkLosses)),
		);
		const idle = quiet.pipe(
			filter((lost) => lost.length === 0 && !looking.isUnderWay() && inserter.busy() === 0),
			filter(() => failures === 0 || failures >= SETTLED_DEAF),
			tap(() => looking.allSeen()),
			share(),
		);
		const done = endWhenSettled ? merge(stop, idle) : stop;
		/** Nothing gets on any more. A turn of the event loop later, when all that follows from an outcome has begun. */
		const allEnded = done.pipe(
			switchMap(() => merge(of(undefined), activity)),
			switchMap(() => timer(0, scheduler)),
			filter(() => inserter.busy() === 0),
		);
		const over = merge(options.leave ?? EMPTY, allEnded).pipe(take(1), share());
		const asked = (options.requests ?? EMPTY).pipe(
			takeUntil(done),
			mergeMap((request) => {
				activity.next();
				const decisions = decideOne({ devpath: "", aliases: [request.alias] });
				request.onDecided(decisions);
				return insertDecided(decisions, { beyondBound: request.beyondBound, asker: request });
			}),
		);

		/** As often as anybody reads them: whoever sends them can send many. */
		const refused = refusals.pipe(throttleTime(pauseMilliseconds, scheduler, { leading: true, trailing: true }));
		const lost = lostInQuiet.pipe(mergeMap((reports) => from(reports)));
		const arrivals = merge(heard, refused, lost, renewed, missed, looking.seen);
		const worked = merge(
			arrivals.pipe(
				takeUntil(done),
				mergeMap((item) => (item.kind === "devices" ? insertDecided(decideAll(item.devices)) : of(item))),
			),
			asked,
		).pipe(
			tap((report) => {
				if (report.kind !== "outcome") return;
				if (pulse) pulse.activity++;
				activity.next();
			}),
			takeUntil(over),
		);
		/** Whatever hangs keeps nobody from being settled any longer. */
		const remarks = merge(skipped, options.remarks ?? EMPTY).pipe(
			tap(({ kind }) => {
				if (kind === "hung") activity.next();
			}),
			takeUntil(over),
		);
		const settled = idle.pipe(
			take(1),
			map((): Report => ({ kind: "settled" })),
			takeUntil(merge(stop, over)),
		);
		/** Where there is no look, silence alone tells that things are settled. */
		const silence = defer(() => {
			if (!lookAtStart) activity.next();
			return EMPTY;
		});
		return merge(remarks, worked, settled, silence);
	});
}
