// The pipeline: uevents and looks at /sys become decisions, decisions become batches, and batches outcomes. The order of the
// operators is the order in which it stops: nothing more is heard, and what was begun is awaited, but for what hangs.
import {
	BehaviorSubject,
	defer,
	EMPTY,
	filter,
	map,
	merge,
	type Observable,
	type SchedulerLike,
	Subject,
	takeUntil,
	tap,
} from "rxjs";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { makeBackOff, noBackOff } from "../decisions/back-off.js";
import { type Decider, makeDecider } from "../decisions/decider.js";
import type { Devices } from "../devices/devices.js";
import { parseUevent, type Uevent } from "../devices/uevent.js";
import type { Report } from "../telling/report.js";
import type { Insertions } from "./batch-insertion.js";
import { decide } from "./decide.js";
import { type AliasRequest, isOfKind, isReport, type PipelineEvent } from "./events.js";
import { hear } from "./hear.js";
import { insert } from "./insert.js";
import { look } from "./look.js";
import { monotonicScheduler } from "./monotonic-scheduler.js";
import { beforeAll, countProgress, type Progress } from "./progress.js";
import { untilQuiet } from "./quiet.js";

export type HotplugOptions = {
	readonly devices: Devices;
	/** What is known now. */
	readonly knowledge: () => Knowledge;
	/** Whenever it has changed. */
	readonly renewed?: Observable<unknown>;
	/** Whenever devices may have been missed, though none was lost: it looks at all of them again. */
	readonly missed?: Observable<unknown>;
	/** Whenever the kernel is to be asked whether uevents were lost: a look is due then. */
	readonly checks?: Observable<unknown>;
	/** Decides by what is known now; asked for again whenever that has changed. */
	readonly decider?: () => Decider;
	/** Whether something else than its aliases asks for modules, whatever has happened to a device. */
	readonly asksForMore?: (uevent: Uevent) => boolean;
	/** Aliases that somebody asks for. */
	readonly requests?: Observable<AliasRequest>;
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
	/** Is told how far it has got. */
	readonly progress?: BehaviorSubject<Progress>;
	/** By which all of it waits: the monotonic one where absent. */
	readonly scheduler?: SchedulerLike;
};

/** node's timers take no more. */
const LONGEST_TIMER = 2 ** 31 - 1;

export function hotplug(options: HotplugOptions): Observable<Report> {
	return defer(() => {
		const { devices, inserter, knowledge, listLive, stop, endWhenSettled } = options;
		const { lookAtStart = true, pauseMilliseconds = 1000, scheduler = monotonicScheduler } = options;
		const quietMilliseconds = Math.min(options.quietMilliseconds, LONGEST_TIMER);
		const skipped = new Subject<Report>();
		const onSkipped: OnSkipped = (what, error) => skipped.next({ kind: "skipped", what, error });
		const { progress = new BehaviorSubject(beforeAll) } = options;
		progress.next({ ...beforeAll, isLookDue: lookAtStart });
		/** What one operator tells those before it. */
		const told = new Subject<PipelineEvent>();
		const heard = hear({
			announced: defer(() => devices.announced),
			parse: devices.parse ?? parseUevent,
			inOrder: devices.inOrder ?? true,
			checks: merge(told.pipe(filter(isOfKind("quiet"))), options.checks ?? EMPTY),
			...{ pauseMilliseconds, scheduler, onSkipped },
		});
		const looked = look({
			present: () => devices.present(),
			missed: told.pipe(filter(isOfKind("missed"))),
			idle: told.pipe(filter(isOfKind("idle"))),
			...{ lookAtStart, pauseMilliseconds, scheduler },
		});
		return merge(heard, looked, wishes(options)).pipe(
			takeUntil(stop),
			decide({
				decider: options.decider ?? (() => makeDecider(knowledge())),
				asksForMore: options.asksForMore ?? (() => false),
				onSkipped,
			}),
			insert({
				...{ knowledge, inserter, listLive, stop, scheduler, onSkipped },
				backOff: endWhenSettled ? noBackOff : makeBackOff(() => scheduler.now()),
				hasFile: endWhenSettled ? undefined : options.hasFile,
				renewed: options.renewed ?? EMPTY,
				remarks: merge(skipped, options.remarks ?? EMPTY),
			}),
			countProgress(progress),
			untilQuiet({
				...{ progress, quietMilliseconds, lookAtStart, endWhenSettled, stop, scheduler },
				busy: () => inserter.busy(),
				leave: options.leave ?? EMPTY,
			}),
			tap((event) => told.next(event)),
			filter(isReport),
		);
	});
}

/** What comes from others than the machine. */
function wishes({ missed = EMPTY, renewed = EMPTY, requests = EMPTY }: HotplugOptions): Observable<PipelineEvent> {
	return merge(
		missed.pipe(map((): PipelineEvent => ({ kind: "missed" }))),
		renewed.pipe(map((): PipelineEvent => ({ kind: "renewed" }))),
		requests.pipe(map((request): PipelineEvent => ({ kind: "asked", request }))),
	);
}
