// The pipeline: uevents and the walk become batches, batches become outcomes. Listening begins before the walk, so that
// nothing slips between; what was begun is awaited, whatever stops the listening.
import {
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
	type ObservableInput,
	of,
	Subject,
	share,
	take,
	takeUntil,
	throttleTime,
	timer,
} from "rxjs";
import { isUsable, type Outcome } from "../libkmod/inserter.js";
import type { Knowledge } from "../libkmod/knowledge.js";
import type { Step } from "../libkmod/plan-insertion.js";
import { makeAttempts } from "./attempts.js";
import { type Batch, planBatch } from "./batch.js";
import { makeDecider } from "./decide.js";
import type { Announcement, Devices, PresentDevice } from "./devices.js";
import type { Report } from "./report.js";
import { parseUevent, type Uevent } from "./uevent.js";

/** What the pipeline asks of an inserter. */
export type Insertions = {
	carryOut(plan: readonly Step[]): readonly { readonly outcome: ObservableInput<Outcome>; readonly joined: boolean }[];
	inFlight(): number;
};

export type HotplugOptions = {
	readonly devices: Devices;
	readonly knowledge: Knowledge;
	readonly inserter: Insertions;
	/** Names of the live modules, as the kernel says now. */
	readonly listLive: () => ReadonlySet<string>;
	/** How long nothing must have happened for things to be settled. */
	readonly quietMilliseconds: number;
	/** Ends the listening; modules in flight are awaited. */
	readonly stop: Observable<unknown>;
	/** coldplug ends when settled; a daemon goes on. */
	readonly endWhenSettled: boolean;
};

/** Between two looks at all of /sys, while events keep being lost. */
const LOOK_AGAIN_MILLISECONDS = 1000;
const LISTEN_AGAIN_MILLISECONDS = 1000;

type Arrival = { readonly kind: "devices"; readonly devices: readonly PresentDevice[] };

export function hotplug(options: HotplugOptions): Observable<Report> {
	return defer(() => {
		const { devices, inserter, knowledge, stop } = options;
		const decide = makeDecider(knowledge);
		const attempts = makeAttempts();
		const looks = new Subject<void>();
		const activity = new Subject<void>();
		const losses = makeLosses();
		let lookWanted = false;
		let walks = 0;
		let batches = 0;

		const heard = devices.announced.pipe(
			mergeMap(hear),
			catchError((error: Error, again) =>
				concat(
					of<Report>({ kind: "deaf", error }),
					timer(LISTEN_AGAIN_MILLISECONDS).pipe(ignoreElements()),
					defer(() => {
						look();
						return again;
					}),
				),
			),
		);

		function hear(announcement: Announcement): Observable<Report | Arrival> {
			switch (announcement.kind) {
				case "listening":
					losses.countedBy(announcement.drops);
					return of({ kind: "listening", receiveBuffer: announcement.receiveBuffer });
				case "refused":
					return of(announcement);
				case "truncated":
					return of(...lookAgain(announcement.count));
				case "drain":
					return from(hearDrain(announcement.datagrams));
			}
		}

		function hearDrain(datagrams: readonly Buffer[]): readonly (Report | Arrival)[] {
			const uevents = datagrams.map(parseUevent).filter((uevent) => uevent !== undefined);
			const added = uevents.filter(({ action }) => action === "add");
			for (const { action, devpath } of uevents) if (action === "remove") attempts.forgetDevice(devpath);
			if (added.length > 0) activity.next();
			const lost = losses.noticeGap(uevents) ? checkLosses() : [];
			const arrived = added.filter(({ aliases }) => aliases.length > 0);
			return arrived.length > 0 ? [...lost, { kind: "devices", devices: arrived }] : lost;
		}

		function checkLosses(): readonly Report[] {
			const drops = losses.check();
			return drops === undefined ? [] : lookAgain(drops);
		}

		function lookAgain(drops: number): readonly Report[] {
			look();
			return [{ kind: "lost", drops }];
		}

		function look(): void {
			lookWanted = true;
			looks.next();
		}

		const seen = merge(
			of(undefined),
			looks.pipe(throttleTime(LOOK_AGAIN_MILLISECONDS, undefined, { leading: true, trailing: true })),
		).pipe(concatMap(walk));

		function walk(): Observable<Report | Arrival> {
			lookWanted = false;
			walks++;
			let count = 0;
			return concat(
				from(devices.present()).pipe(
					map((slice): Arrival => {
						count += slice.length;
						return { kind: "devices", devices: slice };
					}),
				),
				defer(() => of<Report>({ kind: "walked", devices: count })),
			).pipe(
				finalize(() => {
					walks--;
					activity.next();
				}),
			);
		}

		function carryOut(batch: Batch): Observable<Report> {
			if (batch.plan.length === 0) return of({ kind: "batch", batch });
			const flights = inserter.carryOut(batch.plan);
			const outcomes = flights.map(({ outcome, joined }) =>
				from(outcome).pipe(
					mergeMap((ended) => {
						record(batch, ended);
						activity.next();
						return joined ? EMPTY : of<Report>({ kind: "outcome", batch: batch.number, outcome: ended });
					}),
				),
			);
			return concat(of<Report>({ kind: "batch", batch }), merge(...outcomes));
		}

		function record(batch: Batch, outcome: Outcome): void {
			if (isUsable(outcome) || outcome.result === "stopped") return;
			for (const device of batch.wantedBy.get(outcome.step.module) ?? []) attempts.record(outcome.step.module, device);
		}

		function handle(arrival: Arrival): Observable<Report> {
			const live = options.listLive();
			const batch = planBatch(++batches, knowledge, arrival.devices.flatMap(decide), {
				isLive: (module) => live.has(module),
				wasTried: attempts.has,
			});
			return carryOut(batch);
		}

		const quiet = activity.pipe(debounceTime(options.quietMilliseconds), map(checkLosses), share());
		const lostInQuiet = quiet.pipe(mergeMap((lost) => from(lost)));
		const settled = quiet.pipe(
			filter(() => walks === 0 && !lookWanted && inserter.inFlight() === 0),
			take(1),
		);
		const done = options.endWhenSettled ? merge(stop, settled) : stop;
		const worked = merge(heard, lostInQuiet, seen).pipe(
			takeUntil(done),
			mergeMap((item) => (item.kind === "devices" ? handle(item) : of(item))),
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

/** Whether events were lost: the kernel's count says so; a gap in their numbers is only the hint to ask. */
function makeLosses() {
	let drops: () => number = () => 0;
	let known = 0;
	let last: number | undefined;
	return {
		countedBy(counter: () => number): void {
			drops = counter;
			known = 0;
			last = undefined;
		},
		noticeGap(uevents: readonly Uevent[]): boolean {
			let gap = false;
			for (const { seqnum } of uevents) {
				if (seqnum === undefined) continue;
				if (last !== undefined && seqnum > last + 1) gap = true;
				if (last === undefined || seqnum > last) last = seqnum;
			}
			return gap;
		},
		/** The count, where it has grown since it was last asked for. */
		check(): number | undefined {
			const count = drops();
			if (count <= known) return undefined;
			known = count;
			return count;
		},
	};
}
