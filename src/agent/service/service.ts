// The agent as a service: the pipeline, kept going over reloads, with answers for whoever asks how it fares.
import { BehaviorSubject, EMPTY, filter, merge, ReplaySubject, type SchedulerLike, skip, timer } from "rxjs";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import type { Client } from "../../ports/control.js";
import type { DeviceSources } from "../../ports/devices.js";
import type { Readiness } from "../../ports/readiness.js";
import type { UeventSource } from "../../ports/uevents.js";
import type { CommandPool } from "../commands/command-pool.js";
import { makeCommands } from "../commands/commands.js";
import type { Controlled } from "../control/answers.js";
import { awaitChange } from "../control/changes.js";
import { makeRequests, mayHold } from "../control/load-requests.js";
import type { LoadReply, LoadRequest, SettleReply } from "../control/protocol.js";
import { describeCommand, listBusy, settle } from "../control/settle.js";
import { makeAskers, watchInstallCommands } from "../control/waiting-clients.js";
import { monotonicScheduler } from "../pipeline/monotonic-scheduler.js";
import { makePipeline, type Pipeline } from "../pipeline/pipeline.js";
import { subscribeReaders } from "../pipeline/report-readers.js";
import type { Settings } from "../settings/settings.js";
import type { Journal } from "../telling/journal.js";
import type { Counted, Metrics } from "../telling/metrics.js";
import type { Report } from "../telling/report.js";
import type { AgentStatus } from "../telling/status.js";
import { type Known, makeReload } from "./reload.js";
import { makeStatusBook } from "./status-book.js";

export type ServiceOptions = Known & {
	readonly kernel: Kernel;
	readonly sources: DeviceSources;
	readonly settings: Settings;
	readonly source: UeventSource;
	readonly lookAtStart: boolean;
	readonly version: string;
	/** Reads all that is known anew. What it throws leaves everything as it was. */
	readonly readAll: () => Promise<Known>;
	/** Runs what policy has run for devices. */
	readonly commandPool: CommandPool;
	readonly journal: Journal;
	readonly readiness: Readiness;
	/** To whoever runs next: it was taken, and could not begin before the stop. */
	readonly leave: (request: LoadRequest) => void;
	/** It listens, or it does not any more. */
	readonly onListening: (listens: boolean) => void;
	readonly counted: Counted;
	readonly onReport?: (report: Report) => void;
	/** Metrics, status, log or the like failed for the first time: the log, which tells too, may be what did. */
	readonly onBrokenReader?: (reader: string, error: Error) => void;
	/** Prometheus' text of it. */
	readonly formatMetrics: (metrics: Metrics, status: AgentStatus) => Promise<string>;
	/** The monotonic one where absent. */
	readonly scheduler?: SchedulerLike;
};

export type Service = Controlled & {
	/** Loads what it takes to listen: to be awaited before it is run. @throws {Refusal} */
	open(): Promise<void>;
	/** Resolves when it was stopped and everything that was begun has ended or hangs. */
	run(): Promise<void>;
	/** Modules that hang. */
	hung(): readonly string[];
	/** Has what is known read anew, by itself: why is told in the log. */
	renew(why: string): Promise<void>;
	stopBy(what: string): void;
	/** Resolves when there is something to look in. */
	readonly known: Promise<void>;
};

export function makeService(options: ServiceOptions): Service {
	const { journal, readiness, settings, source, onListening, commandPool, counted } = options;
	const { scheduler = monotonicScheduler } = options;
	const { kernel, pidsOf } = watchInstallCommands(options.kernel);
	const known = new BehaviorSubject<Known>({ knowledge: options.knowledge, policy: options.policy });
	const commands = makeCommands(
		() => known.value.policy,
		commandPool,
		(what, error) => pipeline.onSkipped(what, error),
	);
	const pipeline: Pipeline = makePipeline({
		kernel,
		sources: commands.watch(options.sources),
		settings,
		source,
		lookAtStart: options.lookAtStart,
		knowledge: () => known.value.knowledge,
		policy: () => known.value.policy,
		endWhenSettled: false,
		scheduler,
	});
	const { inserter, progress } = pipeline;
	const book = makeStatusBook(
		{ version: options.version, source, knowledge: options.knowledge, counted, settings },
		pipeline,
		() => scheduler.now(),
	);
	const askers = makeAskers();
	const requests = makeRequests({ load: pipeline.load, inserter, leave: options.leave });
	const stop = new ReplaySubject<void>(1);
	let stopped = false;
	let ready = false;
	const reload = makeReload({
		known,
		readAll: options.readAll,
		inFlightEnded: () => inFlightEnded(1000 * settings.hung_seconds),
		isStopped: () => stopped,
		book,
		journal,
		onReloading(begins) {
			if (begins) readiness.reloading();
			else if (!stopped && ready) readiness.ready();
		},
		onRenewed,
	});
	/** An agent that was killed may have left its mark. */
	if (reload.lacking() !== undefined) onListening(false);
	const changes = merge(
		progress.pipe(skip(1)),
		pipeline.reports.pipe(filter(({ kind }) => kind === "hung")),
		reload.changes.pipe(skip(1)),
		commandPool.changes,
		askers.changes,
	);
	subscribeReaders(pipeline.reports, {
		readers: {
			readiness: tellReadiness,
			requests: (report) => mayHold(report) && requests.hang(),
			commands: (report) => report.kind === "heard" && commands.hear(report.uevents),
			metrics: (report) => counted.record(report),
			status: (report) => book.record(report),
			memory: (report) => options.onReport?.(report),
			log: (report) => journal.record(report),
		},
		onSkipped: pipeline.onSkipped,
		onBroken: (reader, error) => options.onBrokenReader?.(reader, error),
	});

	function tellReadiness(report: Report): void {
		if (report.kind === "listening") beReady();
		if (report.kind === "deaf") onListening(false);
		if (report.kind === "settled") tellStatus("settled");
	}

	/** Where nothing is known udev is left to load what it can. */
	function beReady(): void {
		if (reload.lacking() === undefined) onListening(true);
		if (ready) return;
		ready = true;
		tellStatus("listening");
		readiness.ready();
	}

	function tellStatus(text: string): void {
		const lacking = reload.lacking();
		readiness.status(lacking === undefined ? text : `nothing to look in yet: ${lacking.why}`);
	}

	/** Whatever asked for modules while nothing was known did so in vain. */
	function onRenewed(again: boolean): void {
		pipeline.renew();
		if (!again) return;
		if (progress.value.socket !== undefined && !stopped) onListening(true);
		if (ready) tellStatus("listening");
		pipeline.lookAgain();
	}

	/** What hangs is not waited for, nor an install command that waits for the agent, nor what does not end within this time. */
	async function inFlightEnded(milliseconds: number): Promise<void> {
		const deadline = scheduler.now() + milliseconds;
		const over = merge(stop, timer(milliseconds, scheduler));
		const isExempt = (module: string): boolean => askers.areAsking(pidsOf(module));
		const isBusy = (): boolean => listBusy(inserter, new Set(listRunning().filter(isExempt))).length > 0;
		while (!stopped && isBusy() && scheduler.now() < deadline) await awaitChange({ changes, over, scheduler }, false);
	}

	function stopBy(what: string): void {
		if (stopped) return;
		stopped = true;
		stop.next();
		onListening(false);
		readiness.stopping();
		book.enter("stopping");
		const hung = listHung();
		const running = listRunning().filter((module) => !hung.includes(module));
		const commandsUnderWay = commandPool.underway().map(describeCommand);
		const but = hung.length === 0 ? "" : `, and not for what hangs: ${hung.join(", ")}`;
		journal.info(
			{ running, hung, commands: commandsUnderWay },
			`${what}: nothing more begins; waiting for what runs${but}`,
		);
		requests.stop();
		pipeline.stop();
	}

	const listHung = (): readonly string[] => inserter.running().flatMap((one) => (one.hung ? [one.module] : []));

	const listRunning = (): readonly string[] => inserter.running().map(({ module }) => module);

	async function settleFor(milliseconds: number, client: Client): Promise<SettleReply> {
		const deadline = scheduler.now() + milliseconds;
		const lineage = client.lineage();
		// It may be there already, and nobody has noticed.
		if (reload.lacking() !== undefined && reload.lacking()?.kind !== "impossible")
			await reload.reload().catch(() => undefined);
		const over = merge(stop, timer(Math.max(0, deadline - scheduler.now()), scheduler));
		const reply = await askers.during(client, () =>
			settle({
				progress: () => progress.value,
				checkLosses: pipeline.checkLosses,
				inserter,
				files: kernel,
				source,
				pidsOf,
				askers,
				lineage,
				commands: commandPool,
				isReloading: reload.isUnderWay,
				isOver: () => stopped || client.hasGone() || scheduler.now() >= deadline,
				change: (unannounced) => awaitChange({ changes, over, scheduler }, unannounced),
			}),
		);
		const { settled, not_waited_for } = reply;
		if (not_waited_for !== undefined)
			journal.info({ not_waited_for, settled }, "settle was asked by what runs below: it was not waited for");
		const lacking = reload.lacking();
		const noted = { ...reply, ...(lacking && { note: `nothing to look in yet: ${lacking.why}` }) };
		return settled || !stopped ? noted : { ...noted, waiting_for: listRunning(), stopping: true };
	}

	async function load(request: LoadRequest, client?: Client): Promise<LoadReply> {
		const lacking = reload.lacking();
		if (lacking !== undefined) return { result: "refused", explanation: `nothing is known yet: ${lacking.why}` };
		const begin = () => requests.load(request);
		return client !== undefined && request.wait ? askers.during(client, begin) : begin();
	}

	async function run(): Promise<void> {
		const { watchdogMilliseconds } = readiness;
		const watchdog =
			watchdogMilliseconds === undefined
				? EMPTY.subscribe()
				: timer(watchdogMilliseconds, watchdogMilliseconds, scheduler).subscribe(() => readiness.watchdog());
		try {
			await pipeline.run();
			await commandPool.stop();
		} finally {
			requests.end();
			watchdog.unsubscribe();
		}
	}

	return {
		open: () => pipeline.open(),
		run,
		hung: listHung,
		renew: (why) =>
			reload.reload().then(
				() => journal.info({}, why),
				() => undefined,
			),
		stopBy,
		status: () => book.status(),
		known: reload.everKnown,
		settle: settleFor,
		reload: (client) => askers.during(client, reload.reload),
		load,
		stop: () => stopBy("asked to stop"),
		metrics: () => options.formatMetrics(counted.metrics(), book.status()),
		failed(thrown) {
			counted.requestFailed();
			const message = `could not answer a request: ${thrown instanceof Error ? thrown.message : thrown}`;
			book.problem(message);
			journal.error({ ...(thrown instanceof Error && { stack: thrown.stack }) }, message);
		},
	};
}
