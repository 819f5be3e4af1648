// One agent on one machine: the parts that coldplug and the daemon share, put together. The thread pool must have its size before
// the first asynchronous operation.

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
import type { DeviceSources, PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { OpenUeventSocket, UeventSource } from "../../ports/uevents.js";
import { concernOf } from "../commands/commands.js";
import { makeDecider } from "../decisions/decider.js";
import { listLive, planGone } from "../decisions/live-modules.js";
import { announcements } from "../devices/announcements.js";
import type { Devices } from "../devices/devices.js";
import { slicedAsTheyCome, slicedByTurns } from "../devices/slices.js";
import { parseUdevMessage } from "../devices/udev-message.js";
import { lookWithUdev } from "../devices/udev-walk.js";
import { attempt } from "../faults/skipped.js";
import { listLoads, noPolicy, type Policy } from "../policy/policy.js";
import { weighBy } from "../settings/priority.js";
import type { Settings } from "../settings/settings.js";
import type { Report } from "../telling/report.js";
import type { AliasRequest } from "./events.js";
import { hotplug } from "./hotplug.js";
import { monotonicScheduler } from "./monotonic-scheduler.js";
import { type OpenEvidence, OutcomeEvidence } from "./outcome-evidence.js";
import { beforeAll, type Progress } from "./progress.js";

export type PipelineOptions = {
	readonly kernel: Kernel;
	readonly sources: DeviceSources;
	readonly settings: Settings;
	readonly knowledge: () => Knowledge;
	/** Overrides `quiet_milliseconds` of the settings. */
	readonly quietMilliseconds?: number | undefined;
	readonly source?: UeventSource;
	readonly lookAtStart?: boolean;
	/** coldplug ends when settled; a daemon goes on. */
	readonly endWhenSettled: boolean;
	readonly policy?: () => Policy;
	/** Finds the evidence of why the kernel refused a module. When undefined, outcomes have none. */
	readonly openEvidence?: OpenEvidence;
	/** The scheduler of all waits. The monotonic one when undefined. */
	readonly scheduler?: SchedulerLike;
};

export type Pipeline = {
	readonly inserter: Inserter;
	readonly progress: BehaviorSubject<Progress>;
	/** Asks the kernel whether uevents were lost. A loss makes a look due. */
	checkLosses(): void;
	/** Loads the code that listening needs. Must have resolved before `run` is called. @throws {Refusal} */
	open(): Promise<void>;
	/** All reports of the pipeline while it runs. */
	readonly reports: Observable<Report>;
	/**
	 * Resolves when the pipeline was stopped, or has settled if `endWhenSettled`, and every insertion that was begun has ended or
	 * hangs. May be called once only.
	 */
	run(): Promise<void>;
	/** Tells the pipeline that the knowledge or policy has changed. */
	renew(): void;
	/** Reports that a part outside the pipeline's own work was skipped. */
	readonly onSkipped: OnSkipped;
	/** Begins another look at all devices: the modules that they ask for could not be had before. */
	lookAgain(): void;
	/** Requests an alias. Has an effect only while the pipeline runs. */
	load(request: AliasRequest): void;
	/** Ends the listening; no further module begins. May be called before `run`. */
	stop(): void;
	/** As `stop`, but modules in flight are not awaited. */
	leave(): void;
};

export function makePipeline(options: PipelineOptions): Pipeline {
	const inputs = makeInputs();
	/** Shared by all readers of reports. An error of the pipeline reaches the caller of `run` alone. */
	const told = new Subject<Report>();
	const onSkipped: OnSkipped = (what, error) => inputs.remarks.next({ kind: "skipped", what, error });
	const { openEvidence, scheduler = monotonicScheduler } = options;
	const evidence = new OutcomeEvidence({ openEvidence, scheduler, onSkipped });
	const made = inserterOf(options, inputs.remarks, onSkipped);
	// An outcome that waits for its evidence is in flight still: nothing is settled before it is told.
	const inserter = { ...made, busy: () => made.busy() + evidence.busy() };
	let openSocket: OpenUeventSocket | undefined;

	return {
		inserter,
		progress: inputs.progress,
		checkLosses: () => inputs.checks.next(),
		async open() {
			const { sources, settings, source = "kernel" } = options;
			openSocket = await sources.listen({ receiveBuffer: settings.receive_buffer_bytes, source });
		},
		reports: told,
		run() {
			if (openSocket === undefined) throw new Error("the pipeline was not opened");
			const reports = reportsOf(options, { openSocket, inserter, evidence, onSkipped }, inputs);
			const telling = reports.pipe(
				tap((report) => told.next(report)),
				ignoreElements(),
			);
			return lastValueFrom(telling, { defaultValue: undefined });
		},
		renew: () => inputs.renewed.next(),
		onSkipped,
		lookAgain: () => inputs.missed.next(),
		load: (request) => inputs.requests.next(request),
		stop() {
			inserter.stop();
			evidence.hurry();
			inputs.stop.next();
		},
		leave() {
			inserter.stop();
			inputs.stop.next();
			// A module that has ended is told as ended, even if its evidence is still looked for.
			if (evidence.busy() === 0) inputs.leave.next();
			else void evidence.giveUp().then(() => inputs.leave.next());
		},
	};
}

/** The streams by which a pipeline is told what to do while it runs, and its progress. */
type Inputs = ReturnType<typeof makeInputs>;

const makeInputs = () => ({
	remarks: new Subject<Report>(),
	requests: new Subject<AliasRequest>(),
	renewed: new Subject<void>(),
	missed: new Subject<void>(),
	checks: new Subject<void>(),
	stop: new ReplaySubject<void>(1),
	leave: new ReplaySubject<void>(1),
	progress: new BehaviorSubject(beforeAll),
});

function inserterOf(
	{ kernel, settings, knowledge }: PipelineOptions,
	remarks: Subject<Report>,
	onSkipped: OnSkipped,
): Inserter {
	const hungMilliseconds = 1000 * settings.hung_seconds;
	return makeInserter({
		kernel,
		parallel: settings.parallel,
		hungMilliseconds,
		onHung: (step) => remarks.next({ kind: "hung", step, milliseconds: hungMilliseconds }),
		onStuck: (step, behind) => remarks.next({ kind: "stuck", step, behind }),
		replan: (step) => attempt(step.module, onSkipped, [], () => planGone(kernel, knowledge(), step)),
		weigh: weighBy(settings.first, knowledge().moduleDirectory),
	});
}

type Parts = Pick<Pipeline, "inserter" | "onSkipped"> & {
	readonly openSocket: OpenUeventSocket;
	readonly evidence: OutcomeEvidence;
};

/** The reports of the pipeline. The listening begins on subscription. */
function reportsOf(
	options: PipelineOptions,
	{ openSocket, inserter, evidence, onSkipped }: Parts,
	inputs: Inputs,
): Observable<Report> {
	const { kernel, sources, settings, knowledge, policy = () => noPolicy, source = "kernel" } = options;
	return hotplug({
		...inputs,
		devices: {
			announced: announcements(openSocket),
			...lookedAt({ sources, settings, source, kernel, policy }, onSkipped),
		},
		knowledge,
		inserter,
		evidence,
		decider: () => makeDecider(knowledge(), policy(), onSkipped),
		asksForMore: (uevent) => uevent.leftAlone === undefined && listLoads(policy(), uevent, onSkipped).length > 0,
		listLive: () => listLive(kernel),
		hasFile: (path) => isThere(kernel, path),
		quietMilliseconds: options.quietMilliseconds ?? settings.quiet_milliseconds,
		lookAtStart: options.lookAtStart ?? true,
		endWhenSettled: options.endWhenSettled,
		scheduler: options.scheduler ?? monotonicScheduler,
	});
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
