// The pipeline: uevents and looks at /sys become decisions, decisions become batches, and batches become outcomes. The order of
// the operators is the order of the shutdown: the listening ends first, and insertions that were begun are awaited, except those
// that hang.
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
import type { OutcomeEvidence } from "./outcome-evidence.js";
import { beforeAll, countProgress, type Progress } from "./progress.js";
import { untilQuiet } from "./quiet.js";

export type HotplugOptions = {
	readonly devices: Devices;
	/** Returns the current knowledge. */
	readonly knowledge: () => Knowledge;
	/** Emits when the knowledge or policy has changed. */
	readonly renewed?: Observable<unknown>;
	/** Emits when devices may have been missed although no uevent was lost. A look at all devices follows. */
	readonly missed?: Observable<unknown>;
	/** Emits when the kernel must be asked whether uevents were lost. A loss makes a look due. */
	readonly checks?: Observable<unknown>;
	/** Returns a decider for the current knowledge and policy. Called again when either has changed. */
	readonly decider?: () => Decider;
	/** Whether a rule asks for modules beside the device's own aliases, whatever the action of the uevent. */
	readonly asksForMore?: (uevent: Uevent) => boolean;
	/** Aliases that clients request. */
	readonly requests?: Observable<AliasRequest>;
	readonly inserter: Insertions;
	/** Adds evidence to outcomes. When undefined, outcomes are told as they are. `inserter.busy` counts what it waits for. */
	readonly evidence?: Pick<OutcomeEvidence, "explain">;
	/** Reports of the inserter, such as a module that hangs. */
	readonly remarks?: Observable<Report>;
	/**
	 * Whether a file exists: a driver whose file was absent is retried when the file is back. When undefined, no such retry
	 * follows.
	 */
	readonly hasFile?: (path: string) => boolean;
	/** Returns the names of the modules that the kernel lists as live now. */
	readonly listLive: () => ReadonlySet<string>;
	/** Milliseconds without activity before the devices count as settled. */
	readonly quietMilliseconds: number;
	/** Milliseconds between two looks at all of /sys, and before another socket is opened. 1000 when undefined. */
	readonly pauseMilliseconds?: number;
	/** Whether a look at /sys begins before any device was missed. True when undefined. */
	readonly lookAtStart?: boolean;
	/** Emits when the listening must end. Modules in flight are awaited until they have ended or hang. */
	readonly stop: Observable<unknown>;
	/** Emits when the pipeline must end at once, whatever is in flight. */
	readonly leave?: Observable<unknown>;
	/** coldplug ends when settled; a daemon goes on. */
	readonly endWhenSettled: boolean;
	/** Receives the progress of the pipeline. */
	readonly progress?: BehaviorSubject<Progress>;
	/** The scheduler of all waits. The monotonic one when undefined. */
	readonly scheduler?: SchedulerLike;
};

/** Milliseconds. Timers of node take no longer delay. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

export function hotplug(options: HotplugOptions): Observable<Report> {
	return defer(() => {
		const { devices, inserter, knowledge, listLive, stop, endWhenSettled } = options;
		const { lookAtStart = true, pauseMilliseconds = 1000, scheduler = monotonicScheduler } = options;
		const quietMilliseconds = Math.min(options.quietMilliseconds, LONGEST_TIMER_MILLISECONDS);
		const skipped = new Subject<Report>();
		const onSkipped: OnSkipped = (what, error) => skipped.next({ kind: "skipped", what, error });
		const { progress = new BehaviorSubject(beforeAll) } = options;
		progress.next({ ...beforeAll, isLookDue: lookAtStart });
		/** Feedback from the end of the pipeline to the operators before. */
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
				evidence: options.evidence,
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

/** Events that the machine does not cause. */
function wishes({ missed = EMPTY, renewed = EMPTY, requests = EMPTY }: HotplugOptions): Observable<PipelineEvent> {
	return merge(
		missed.pipe(map((): PipelineEvent => ({ kind: "missed" }))),
		renewed.pipe(map((): PipelineEvent => ({ kind: "renewed" }))),
		requests.pipe(map((request): PipelineEvent => ({ kind: "asked", request }))),
	);
}
