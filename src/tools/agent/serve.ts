// The agent as a service. The parts are made in order, each from the parts above it: the knowledge, the pipeline, the readers of
// its reports, the sockets on which clients ask it, and the end.

import { BehaviorSubject, filter, merge, skip, timer } from "rxjs";
import { makeCommands } from "../../agent/commands/commands.js";
import type { Controlled } from "../../agent/control/answers.js";
import { makeRequests, mayHold } from "../../agent/control/load-requests.js";
import { makeAskers, watchInstallCommands } from "../../agent/control/waiting-clients.js";
import { isReplayToCome } from "../../agent/devices/udev-trigger.js";
import { monotonicScheduler } from "../../agent/pipeline/monotonic-scheduler.js";
import { makePipeline, type Pipeline } from "../../agent/pipeline/pipeline.js";
import { subscribeReaders } from "../../agent/pipeline/report-readers.js";
import { makeControlled } from "../../agent/service/controlled.js";
import { makeListening } from "../../agent/service/listening.js";
import { type Known, makeReload, type Reload } from "../../agent/service/reload.js";
import { inFlightEnded, type SettlingOptions } from "../../agent/service/settling.js";
import { makeStatusBook } from "../../agent/service/status-book.js";
import { listHung, makeStop, stopBy } from "../../agent/service/stop.js";
import { trimAfterStorms } from "../../agent/service/storm-memory.js";
import { makeMetrics } from "../../agent/telling/metrics.js";
import { keepMetricsFile } from "../../agent/telling/metrics-file.js";
import { makeTimelineRecorder } from "../../agent/timeline/timeline-recorder.js";
import { asError } from "../../libkmod/kernel/errors.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Readiness } from "../../ports/readiness.js";
import { version } from "../../version.js";
import { openCommandPool, runInstallCommands } from "./command-runs.js";
import { keepFresh } from "./keep-fresh.js";
import { searchEvidence } from "./refusal-evidence.js";
import { makeRequestSpool } from "./request-spool.js";
import type { Serving } from "./serving.js";
import { answerUntil } from "./sockets.js";

/**
 * Runs the service. Resolves, with the names of the modules that hang, when the service was told to stop and every insertion and
 * command that it began has ended or hangs.
 * @throws {StartFailure} @throws {Refusal}
 */
export async function serve(serving: Serving): Promise<readonly string[]> {
	const { machine, settings, source, journal } = serving;
	const scheduler = monotonicScheduler;
	const fresh = await keepFresh(serving);
	const known = new BehaviorSubject(await fresh.read());
	tellConfiguration(known.value, serving);
	const counted = makeMetrics();
	const stop = makeStop();
	const { kernel, pidsOf } = watchInstallCommands(runInstallCommands(serving));
	const commandPool = openCommandPool(serving, counted);
	const commands = makeCommands(
		() => known.value.policy,
		commandPool,
		(what, error) => pipeline.onSkipped(what, error),
	);
	const pipeline: Pipeline = makePipeline({
		...{ kernel, settings, source, scheduler },
		sources: commands.watch(await machine.devices("/sys")),
		lookAtStart: source === "kernel" || !isReplayToCome(kernel),
		knowledge: () => known.value.knowledge,
		policy: () => known.value.policy,
		openEvidence: searchEvidence(serving.kernel, machine),
		endWhenSettled: false,
	});
	const { inserter, progress } = pipeline;
	const { knowledge } = known.value;
	const book = makeStatusBook({ version, source, knowledge, counted, settings }, pipeline, () => scheduler.now());
	const recorder = makeTimelineRecorder({
		command: "run",
		kernel: kernel.release,
		running: inserter.running,
		now: () => scheduler.now(),
	});
	const askers = makeAskers();
	const spool = makeRequestSpool(serving);
	const requests = makeRequests({ load: pipeline.load, inserter, leave: spool.leave });
	const readiness = await openReadiness(serving);
	const listening = makeListening({
		readiness,
		onListening: (listens) => markListening(serving, listens),
		lacking: () => known.value.knowledge.lacking,
		isStopped: stop.isStopped,
	});
	const waits: Omit<SettlingOptions, "reload"> = {
		...{ pipeline, commandPool, askers, pidsOf, files: kernel, source, journal, scheduler },
		isStopped: stop.isStopped,
		stopped: stop.stopped,
		changes: merge(
			progress.pipe(skip(1)),
			pipeline.reports.pipe(filter(({ kind }) => kind === "hung")),
			commandPool.changes,
			askers.changes,
		),
	};
	const reload: Reload = makeReload({
		...{ known, book, journal, isStopped: stop.isStopped },
		readAll: fresh.read,
		inFlightEnded: () => inFlightEnded(waits, 1000 * settings.hung_seconds),
		onReloading: listening.reloading,
		onRenewed(again) {
			pipeline.renew();
			if (!again) return;
			listening.known(progress.value.socket !== undefined);
			pipeline.lookAgain();
		},
	});
	const settling = { ...waits, reload, changes: merge(waits.changes, reload.changes.pipe(skip(1))) };
	const stopping = { stop, listening, book, pipeline, commandPool, requests, journal };
	const agent = makeControlled({
		...{ book, recorder, settling, reload, requests, askers, counted, journal },
		stopBy: (what) => stopBy(what, stopping),
		formatMetrics: async (...all) => (await import("../../agent/telling/metrics-text.js")).formatMetrics(...all),
	});
	subscribeReaders(pipeline.reports, {
		readers: {
			readiness: listening.record,
			requests: (report) => mayHold(report) && requests.hang(),
			commands: (report) => report.kind === "heard" && commands.hear(report.uevents),
			metrics: (report) => counted.record(report),
			status: book.record,
			timeline: recorder.record,
			log: (report) => journal.record(report),
		},
		onSkipped: pipeline.onSkipped,
		onBroken: (reader, { message }) =>
			machine.complain(`hotplugd run: a report for ${reader}: ${printable(message)}\n`),
	});
	trimAfterStorms(pipeline.reports, {
		trim: () => trimMemory(serving),
		...{ quietMilliseconds: settings.quiet_milliseconds, scheduler },
	});
	const renew = (why: string): void =>
		void reload.reload().then(
			() => journal.info({}, why),
			() => undefined,
		);
	machine.onStopSignal((signal) => stopBy(signal, stopping));
	machine.onReloadSignal(() => renew("SIGHUP: indexes and configuration were reloaded"));
	await pipeline.open();
	fresh.begin(() => renew("files have changed: indexes and configuration were reloaded"));
	const endMetrics = keepMetrics(serving, agent);
	const stopFeeding = feedWatchdog(readiness);
	const ended = pipeline
		.run()
		.then(() => commandPool.stop())
		.finally(requests.end)
		.finally(stopFeeding);
	try {
		// Requests stay in the spool until the indexes can be read: before that, no alias can be looked up.
		await answerUntil(ended, {
			...{ agent, serving },
			onListening: () => void reload.everKnown.then(() => spool.take(agent)),
			onEnd: () => stopBy("the agent ends", stopping),
		});
	} finally {
		fresh.end();
		await Promise.all([endMetrics(), spool.ended()]);
	}
	return listHung(pipeline);
}

function tellConfiguration({ knowledge }: Known, { journal }: Serving): void {
	const { read: files, moduleDirectory, lacking } = knowledge;
	if (lacking === undefined) journal.info({ files, moduleDirectory }, "read the configuration");
}

function openReadiness({ given, ports, journal }: Serving): Promise<Readiness> {
	return ports.readiness({
		...(given.notifyFd !== undefined && { notifyFd: given.notifyFd }),
		onProblem: ({ message }) => journal.warn({}, `could not notify the service manager: ${message}`),
	});
}

/** Creates or removes the file `listening` in the run directory. While it exists, udev's rule leaves loading to this agent. */
function markListening({ ports, settings, journal }: Serving, listens: boolean): void {
	try {
		ports.mark(`${settings.run_directory}/listening`, listens);
	} catch (error) {
		journal.error({}, `could not tell udev's rules whether the agent listens: ${asError(error).message}`);
	}
}

function trimMemory({ machine, journal }: Serving): void {
	void machine.trimMemory().catch(({ message }: Error) => journal.warn({}, `could not trim memory: ${message}`));
}

function keepMetrics({ ports, settings, journal }: Serving, agent: Pick<Controlled, "metrics">): () => Promise<void> {
	const { metrics_file, metrics_seconds } = settings;
	if (metrics_file === "") return async () => undefined;
	return keepMetricsFile({
		milliseconds: 1000 * metrics_seconds,
		write: async () => ports.replaceFile(metrics_file, await agent.metrics()),
		onProblem: (message) => journal.error({}, `could not write the metrics to ${metrics_file}: ${message}`),
	});
}

/** Notifies the service manager's watchdog at its period. @returns a function that ends that */
function feedWatchdog(readiness: Readiness): () => void {
	const { watchdogMilliseconds: period } = readiness;
	if (period === undefined) return () => undefined;
	const feeding = timer(period, period, monotonicScheduler).subscribe(() => readiness.watchdog());
	return () => feeding.unsubscribe();
}
