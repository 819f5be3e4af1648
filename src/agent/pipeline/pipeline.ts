// One agent over one machine: what coldplug and the daemon have in common, put together. Before anything asynchronous is done,
// the thread pool must have been sized.

import {
	BehaviorSubject,
	ignoreElements,
	lastValueFrom,
	type Observable,
	ReplaySubject,
	type SchedulerLike,
	Subject,
	tap,
} from "rxjs";
import { type Inserter, makeInserter } from "../../libkmod/insertion/inserter.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { planInsertion, type Step } from "../../libkmod/planning/plan-insertion.js";
import type { DeviceSources, PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { OpenUeventSocket, UeventSource } from "../../ports/uevents.js";
import { concernOf } from "../commands/commands.js";
import { makeDecider } from "../decisions/decider.js";
import { listGone, listLive } from "../decisions/live-modules.js";
import { announcements } from "../devices/announcements.js";
import type { Devices } from "../devices/devices.js";
import { slicedAsTheyCome, slicedByTurns } from "../devices/slices.js";
import { parseUdevMessage } from "../devices/udev-message.js";
import { lookWithUdev } from "../devices/udev-walk.js";
import { attempt } from "../faults/skipped.js";
import { listLoads, noPolicy, type Policy } from "../policy/policy.js";
import { type Group, weighBy } from "../settings/priority.js";
import type { Settings } from "../settings/settings.js";
import type { Report } from "../telling/report.js";
import type { AliasRequest } from "./events.js";
import { hotplug } from "./hotplug.js";
import { monotonicScheduler } from "./monotonic-scheduler.js";
import { beforeAll, type Progress } from "./progress.js";

export type PipelineOptions = {
	readonly kernel: Kernel;
	readonly sources: DeviceSources;
	readonly settings: Settings;
	readonly knowledge: () => Knowledge;
	/** In place of the settings'. */
	readonly quietMilliseconds?: number | undefined;
	readonly source?: UeventSource;
	readonly lookAtStart?: boolean;
	/** coldplug ends when settled; a daemon goes on. */
	readonly endWhenSettled: boolean;
	readonly policy?: () => Policy;
	/** By which all of it waits: the monotonic one where absent. */
	readonly scheduler?: SchedulerLike;
};

export type Pipeline = {
	readonly inserter: Inserter;
	readonly progress: BehaviorSubject<Progress>;
	/** Has the kernel asked whether uevents were lost: a look is due then. */
	checkLosses(): void;
	/** Loads what it takes to listen: to be awaited before it is run. @throws {Refusal} */
	open(): Promise<void>;
	/** All that it reports while it runs. */
	readonly reports: Observable<Report>;
	/**
	 * Resolves when it is stopped, or settled where it ends then, and everything that was begun has ended or hangs. To be called
	 * once.
	 */
	run(): Promise<void>;
	/** What is known has changed. */
	renew(): void;
	/** Something else than its own work was passed over: it is one of the reports. */
	readonly onSkipped: OnSkipped;
	/** Looks at all devices again: what they asked for could not be had. */
	lookAgain(): void;
	/** While it runs. */
	load(request: AliasRequest): void;
	/** Stops the listening; nothing more begins. It may come before anybody runs it. */
	stop(): void;
	/** The same, and nothing is awaited. */
	leave(): void;
};

export function makePipeline(options: PipelineOptions): Pipeline {
	const { kernel, sources, settings, knowledge, policy = () => noPolicy, source = "kernel" } = options;
	const { scheduler = monotonicScheduler } = options;
	const remarks = new Subject<Report>();
	/** Of which many may read; what ends it is told by run. */
	const told = new Subject<Report>();
	const requests = new Subject<AliasRequest>();
	const renewed = new Subject<void>();
	const missed = new Subject<void>();
	const stop = new ReplaySubject<void>(1);
	const leave = new ReplaySubject<void>(1);
	const progress = new BehaviorSubject(beforeAll);
	const checks = new Subject<void>();
	const hungMilliseconds = 1000 * settings.hung_seconds;
	const inserter = makeInserter({
		kernel,
		parallel: settings.parallel,
		hungMilliseconds,
		onHung: (step) => remarks.next({ kind: "hung", step, milliseconds: hungMilliseconds }),
		onStuck: (step, behind) => remarks.next({ kind: "stuck", step, behind }),
		replan: (step) => attempt(step.module, onSkipped, [], () => planGone(kernel, knowledge(), step)),
		weigh: weighBy(settings.first as readonly Group[], knowledge().moduleDirectory),
	});
	const onSkipped: OnSkipped = (what, error) => remarks.next({ kind: "skipped", what, error });
	let openSocket: OpenUeventSocket | undefined;

	/** Listening begins when somebody subscribes. */
	function reports(): Observable<Report> {
		if (openSocket === undefined) throw new Error("the pipeline was not opened");
		return hotplug({
			devices: {
				announced: announcements(openSocket),
				...lookedAt({ sources, settings, source, kernel, policy }, onSkipped),
			},
			knowledge,
			decider: () => makeDecider(knowledge(), policy(), onSkipped),
			asksForMore: (uevent) => uevent.leftAlone === undefined && listLoads(policy(), uevent, onSkipped).length > 0,
			listLive: () => listLive(kernel),
			hasFile: (path) => isThere(kernel, path),
			quietMilliseconds: options.quietMilliseconds ?? settings.quiet_milliseconds,
			lookAtStart: options.lookAtStart ?? true,
			endWhenSettled: options.endWhenSettled,
			...{ inserter, remarks, requests, renewed, missed, checks, progress, stop, leave, scheduler },
		});
	}

	return {
		inserter,
		progress,
		checkLosses: () => checks.next(),
		async open() {
			openSocket = await sources.listen({ receiveBuffer: settings.receive_buffer_bytes, source });
		},
		reports: told,
		run: () =>
			lastValueFrom(
				reports().pipe(
					tap((report) => told.next(report)),
					ignoreElements(),
				),
				{ defaultValue: undefined },
			),
		renew: () => renewed.next(),
		onSkipped,
		lookAgain: () => missed.next(),
		load: (request) => requests.next(request),
		stop() {
			inserter.stop();
			stop.next();
		},
		leave() {
			inserter.stop();
			stop.next();
			leave.next();
		},
	};
}

/** What a step cannot do without was live when it was planned, or came up with it: somebody may have removed it since. */
function planGone(kernel: Kernel, knowledge: Knowledge, { module, after }: Step): readonly Step[] {
	const needed = after.filter(({ hard }) => hard).map((one) => one.module);
	const gone = listGone(kernel, needed);
	const cause = { kind: "dependency", of: module } as const;
	const plan = planInsertion(
		knowledge,
		gone.map((one) => ({ module: one, cause })),
	);
	const notLive = new Set(
		listGone(
			kernel,
			plan.map((step) => step.module),
		),
	);
	return plan.filter((step) => notLive.has(step.module) && step.how !== "builtin");
}

type LookedAt = Required<Pick<PipelineOptions, "source" | "sources" | "kernel" | "policy" | "settings">>;

function lookedAt(
	{ source, sources, kernel, policy, settings }: LookedAt,
	onSkipped: OnSkipped,
): Omit<Devices, "announced"> {
	const hungMilliseconds = 1000 * settings.hung_seconds;
	const slices = (): AsyncIterable<readonly PresentDevice[]> => {
		const concerns = concernOf(policy());
		const lists = sources.look?.({ concerns, onSkipped, hungMilliseconds });
		return lists === undefined ? slicedByTurns(sources.present(concerns, onSkipped)) : slicedAsTheyCome(lists);
	};
	if (source === "kernel") return { present: slices };
	return {
		present: () => lookWithUdev({ slices: slices(), identify: sources.identify, files: kernel, onSkipped }),
		parse: parseUdevMessage,
		inOrder: false,
	};
}
