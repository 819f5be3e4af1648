// The agent as a service: the pipeline, kept going over reloads, with answers for whoever asks how it fares.

import type { Kernel } from "../../libkmod/kernel/kernel.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { Client } from "../../ports/control.js";
import type { DeviceSources } from "../../ports/devices.js";
import type { Readiness } from "../../ports/readiness.js";
import type { UeventSource } from "../../ports/uevents.js";
import type { CommandPool } from "../commands/command-pool.js";
import { makeCommands } from "../commands/commands.js";
import type { Controlled } from "../control/answers.js";
import { makeRequests, mayHold, NotDone, STOPPING } from "../control/load-requests.js";
import type { LoadRequest, ReloadReply, SettleReply } from "../control/protocol.js";
import { describeCommand, listBusy, settle } from "../control/settle.js";
import { makeAskers, watchInstallCommands } from "../control/waiting-clients.js";
import { attempt } from "../faults/skipped.js";
import { makePipeline, type Pipeline } from "../pipeline/pipeline.js";
import type { Policy } from "../policy/policy.js";
import type { Settings } from "../settings/settings.js";
import type { Journal } from "../telling/journal.js";
import type { Counted, Metrics } from "../telling/metrics.js";
import type { Report } from "../telling/report.js";
import type { AgentStatus } from "../telling/status.js";
import { makeStatusBook } from "./status-book.js";

export type ServiceOptions = {
	readonly kernel: Kernel;
	readonly sources: DeviceSources;
	readonly settings: Settings;
	readonly source: UeventSource;
	readonly lookAtStart: boolean;
	readonly version: string;
	/** What is known at the start. */
	readonly knowledge: Knowledge;
	readonly policy: Policy;
	/** Reads all of it anew. What it throws leaves everything as it was. */
	readonly readAll: () => Promise<{ readonly knowledge: Knowledge; readonly policy: Policy }>;
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

const SETTLE_PAUSE = 20;
const RELOAD_PAUSE = 50;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export function makeService(options: ServiceOptions): Service {
	const { journal, readiness, settings, source, onListening, commandPool, counted } = options;
	const { kernel, pidsOf } = watchInstallCommands(options.kernel);
	let { knowledge, policy } = options;
	const commands = makeCommands(
		() => policy,
		commandPool,
		(what, error) => pipeline.onSkipped(what, error),
	);
	const pipeline: Pipeline = makePipeline({
		...options,
		kernel,
		sources: commands.watch(options.sources),
		knowledge: () => knowledge,
		policy: () => policy,
		endWhenSettled: false,
	});
	const { inserter, pulse } = pipeline;
	const book = makeStatusBook(options, pipeline);
	const askers = makeAskers();
	const requests = makeRequests({ load: pipeline.load, inserter, leave: options.leave });
	let reloading: Promise<ReloadReply> | undefined;
	let ready = false;
	let stopped = false;
	const failedReaders = new Set<string>();
	/** Why indexes could not be read when it was tried last. */
	let missing: string | undefined;
	let beKnown: () => void = () => undefined;
	const known = new Promise<void>((resolve) => {
		beKnown = resolve;
	});
	if (knowledge.lacking === undefined) beKnown();
	else {
		// An agent that was killed may have left its mark.
		onListening(false);
		miss(knowledge.lacking.why, `nothing is loaded until that changes: ${knowledge.lacking.why}`);
	}

	/** Each reader of a report by itself: one that fails keeps it from no other. */
	function take(report: Report): void {
		const to = (reader: string, read: () => void): void => attempt(reader, failedReader, undefined, read);
		if (report.kind === "listening") to("readiness", beReady);
		if (report.kind === "deaf") to("readiness", () => onListening(false));
		if (report.kind === "settled") to("readiness", () => tellStatus("settled"));
		if (mayHold(report)) to("requests", () => requests.hang());
		if (report.kind === "heard") to("commands", () => commands.hear(report.uevents));
		to("metrics", () => counted.record(report));
		to("status", () => book.record(report));
		to("memory", () => options.onReport?.(report));
		to("log", () => journal.record(report));
	}

	/** It is told once by each: what fails at every report would never end. */
	function failedReader(reader: string, error: Error): void {
		if (failedReaders.has(reader)) return;
		failedReaders.add(reader);
		pipeline.onSkipped(`a report for ${reader}`, error);
		options.onBrokenReader?.(reader, error);
	}

	/** Where nothing is known udev is left to load what it can. */
	function beReady(): void {
		if (knowledge.lacking === undefined) onListening(true);
		if (ready) return;
		ready = true;
		tellStatus("listening");
		readiness.ready();
	}

	function tellStatus(text: string): void {
		readiness.status(knowledge.lacking === undefined ? text : `nothing to look in yet: ${knowledge.lacking.why}`);
	}

	/** Told once, for as long as it is so for the same reason. */
	function miss(why: string, message: string): void {
		book.missing(why);
		if (why === missing) return;
		missing = why;
		book.problem(message);
		journal.error({ moduleDirectory: knowledge.moduleDirectory }, message);
	}

	async function reload(): Promise<ReloadReply> {
		readiness.reloading();
		book.enter("reloading");
		try {
			await inFlightEnded(1000 * settings.hung_seconds);
			refuseWhenStopped();
			return takeOver(await options.readAll());
		} catch (error) {
			if (error instanceof NotDone) throw error;
			const why = error instanceof Error ? error.message : String(error);
			const known = knowledge.lacking === undefined;
			const message = `${known ? "could not reload, what was known still counts" : "there is still nothing to look in"}: ${why}`;
			miss(why, message);
			throw new NotDone(message, { cause: error });
		} finally {
			if (!stopped) book.enter("serving");
			if (!stopped && ready) readiness.ready();
		}
	}

	function takeOver(anew: Pick<ServiceOptions, "knowledge" | "policy">): ReloadReply {
		const { problems, read: files, moduleDirectory, lacking } = anew.knowledge;
		if (lacking !== undefined && knowledge.lacking === undefined) throw new Error(lacking.why);
		({ knowledge, policy } = anew);
		pipeline.renew();
		if (lacking !== undefined) throw new Error(lacking.why);
		book.renewed(knowledge);
		journal.info({ files, moduleDirectory }, "read indexes and configuration anew");
		if (missing !== undefined) makeUpForMissed();
		return { problems: problems.length };
	}

	/** Whatever asked for modules meanwhile did so in vain. */
	function makeUpForMissed(): void {
		missing = undefined;
		beKnown();
		if (pipeline.pulse.socket !== undefined && !stopped) onListening(true);
		if (ready) tellStatus("listening");
		pipeline.lookAgain();
	}

	function mayHaveCome(): boolean {
		return knowledge.lacking !== undefined && knowledge.lacking.kind !== "impossible";
	}

	/** What hangs is not waited for, nor an install command that waits for the agent, nor what does not end within this time. */
	async function inFlightEnded(milliseconds: number): Promise<void> {
		const over = performance.now() + milliseconds;
		const isExempt = (module: string): boolean => askers.areAsking(pidsOf(module));
		const isBusy = (): boolean => listBusy(inserter, new Set(listRunning().filter(isExempt))).length > 0;
		while (!stopped && isBusy() && performance.now() < over) await sleep(RELOAD_PAUSE);
	}

	function refuseWhenStopped(): void {
		if (stopped) throw new NotDone(STOPPING);
	}

	/** Requests that come meanwhile are answered by the same one: it has not read anything yet, or soon will again. */
	async function reloadOnce(): Promise<ReloadReply> {
		refuseWhenStopped();
		reloading ??= reload().finally(() => {
			reloading = undefined;
		});
		return reloading;
	}

	function stopBy(what: string): void {
		if (stopped) return;
		stopped = true;
		onListening(false);
		readiness.stopping();
		book.enter("stopping");
		const hung = listHung();
		const running = listRunning().filter((module) => !hung.includes(module));
		const commands = commandPool.underway().map(describeCommand);
		const but = hung.length === 0 ? "" : `, and not for what hangs: ${hung.join(", ")}`;
		journal.info({ running, hung, commands }, `${what}: nothing more begins; waiting for what runs${but}`);
		requests.stop();
		pipeline.stop();
	}

	const listHung = (): readonly string[] => inserter.running().flatMap((one) => (one.hung ? [one.module] : []));

	const listRunning = (): readonly string[] => inserter.running().map(({ module }) => module);

	async function settleFor(milliseconds: number, client: Client): Promise<SettleReply> {
		const over = performance.now() + milliseconds;
		const isOver = () => stopped || client.hasGone() || performance.now() >= over;
		const lineage = client.lineage();
		// It may be there already, and nobody has noticed.
		if (mayHaveCome()) await reloadOnce().catch(() => undefined);
		const reply = await askers.during(client, () =>
			settle({
				...{ pulse, inserter, files: kernel, source, pidsOf, askers, lineage, isOver, commands: commandPool },
				isReloading: () => reloading !== undefined,
				pause: () => sleep(SETTLE_PAUSE),
			}),
		);
		const { settled, not_waited_for } = reply;
		if (not_waited_for !== undefined)
			journal.info({ not_waited_for, settled }, "settle was asked by what runs below: it was not waited for");
		const noted = { ...reply, ...(knowledge.lacking && { note: `nothing to look in yet: ${knowledge.lacking.why}` }) };
		return settled || !stopped ? noted : { ...noted, waiting_for: listRunning(), stopping: true };
	}

	return {
		open: () => pipeline.open(),
		async run() {
			const { watchdogMilliseconds } = readiness;
			const watchdog = watchdogMilliseconds && setInterval(() => readiness.watchdog(), watchdogMilliseconds);
			try {
				await pipeline.run(take);
				await commandPool.stop();
			} finally {
				requests.end();
				clearInterval(watchdog || undefined);
			}
		},
		hung: listHung,
		renew: (why) =>
			reloadOnce().then(
				() => journal.info({}, why),
				() => undefined,
			),
		stopBy,
		status: () => book.status(),
		known,
		settle: settleFor,
		reload: (client) => askers.during(client, reloadOnce),
		async load(request, client) {
			if (knowledge.lacking !== undefined)
				return { result: "refused", explanation: `nothing is known yet: ${knowledge.lacking.why}` };
			const load = () => requests.load(request);
			return client !== undefined && request.wait ? askers.during(client, load) : load();
		},
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
