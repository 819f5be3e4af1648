// The agent as a service, put together: what it reads and watches, whom it answers, what it writes, from its start to its end.

import { type CommandPoolOptions, makeCommandPool } from "../../agent/commands/command-pool.js";
import { runByCompanion, runRuleByCompanion } from "../../agent/commands/companion.js";
import { answerControl, answerLoad } from "../../agent/control/answers.js";
import { formatLoadLine, type LoadRequest, parseLoadLine } from "../../agent/control/protocol.js";
import { isReplayToCome } from "../../agent/devices/udev-trigger.js";
import { attempt } from "../../agent/faults/skipped.js";
import { COMMAND_PATH } from "../../agent/policy/command-environment.js";
import { makeService, type Service } from "../../agent/service/service.js";
import { makeAftermath } from "../../agent/service/storm-memory.js";
import type { Settings } from "../../agent/settings/settings.js";
import { makeMetrics } from "../../agent/telling/metrics.js";
import { keepMetricsFile } from "../../agent/telling/metrics-file.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Client, ControlSocket } from "../../ports/control.js";
import type { ServiceMachine } from "../../ports/service.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { version } from "../../version.js";
import { keepFresh } from "./keep-fresh.js";
import type { Serving } from "./serving.js";

/** The kernel has no more requests under way at once (kernel/module/kmod.c: 50). */
const LOAD_CONNECTIONS = 256;

/**
 * Resolves when it was told to stop and everything that was begun has ended or hangs, with the modules that hang.
 * @throws {StartFailure} @throws {Refusal}
 */
export async function serve(serving: Serving): Promise<readonly string[]> {
	const { given, machine, ports, kernel, settings, source, journal } = serving;
	const fresh = await keepFresh(serving);
	const known = await fresh.read();
	const { read: files, moduleDirectory, lacking } = known.knowledge;
	if (lacking === undefined) journal.info({ files, moduleDirectory }, "read the configuration");
	const counted = makeMetrics();
	const leaving = makeLeaving(serving);
	const service = makeService({
		...known,
		kernel: withCompanion(kernel, ports, settings),
		sources: await machine.devices("/sys"),
		settings,
		source,
		lookAtStart: source === "kernel" || !isReplayToCome(kernel),
		version,
		readAll: fresh.read,
		commandPool: makeCommandPool({
			run: commandRunner(ports, settings),
			atOnce: settings.commands_at_once,
			report(report) {
				const told: OnSkipped = (what, { message }) =>
					machine.complain(`hotplugd run: ${printable(`${what}: ${message}`)}\n`);
				attempt("a command's report for metrics", told, undefined, () => counted.record(report));
				attempt("a command's report for the log", told, undefined, () => journal.command(report));
			},
		}),
		journal,
		readiness: await ports.readiness({
			...(given.notifyFd !== undefined && { notifyFd: given.notifyFd }),
			onProblem: ({ message }) => journal.warn({}, `could not tell whoever started this: ${message}`),
		}),
		counted,
		formatMetrics: async (...all) => (await import("../../agent/telling/metrics-text.js")).formatMetrics(...all),
		onReport: makeAftermath({
			trim: () =>
				void machine.trimMemory().catch(({ message }: Error) => journal.warn({}, `could not trim memory: ${message}`)),
			quietMilliseconds: settings.quiet_milliseconds,
		}),
		onBrokenReader: (reader, { message }) =>
			machine.complain(`hotplugd run: a report for ${reader}: ${printable(message)}\n`),
		onListening: (listens) => markListening(serving, listens),
		leave: leaving.leave,
	});
	machine.onStopSignal((signal) => service.stopBy(signal));
	machine.onReloadSignal(() => void service.renew("SIGHUP: what is known was read anew"));
	await service.open();
	fresh.begin(() => void service.renew("what had been read has changed, and was read anew"));
	const endMetrics = keepMetrics(serving, service);
	try {
		await answerAll(service, serving, leaving);
	} finally {
		fresh.end();
		await Promise.all([endMetrics(), leaving.ended()]);
	}
	return service.hung();
}

function withCompanion(kernel: Kernel, ports: ServiceMachine, { command_socket }: Settings): Kernel {
	if (command_socket === "") {
		// The same environment as by the companion, whoever started this process.
		const run: Kernel["run"] = (command, environment, flags) =>
			kernel.run(command, { PATH: COMMAND_PATH, ...environment }, { ...flags, inherits: false });
		return { ...kernel, run };
	}
	return { ...kernel, run: runByCompanion((...asked) => ports.ask(...asked), command_socket) };
}

function commandRunner(ports: ServiceMachine, { command_socket }: Settings): CommandPoolOptions["run"] {
	if (command_socket === "") return (command, onBegun) => ports.runCommand({ ...command, onBegun });
	return runRuleByCompanion((...asked) => ports.ask(...asked), command_socket);
}

/** As long as it is there, udev's rule leaves loading to this agent. */
function markListening({ ports, settings, journal }: Serving, listens: boolean): void {
	try {
		ports.mark(`${settings.run_directory}/listening`, listens);
	} catch (error) {
		journal.error({}, `could not tell udev's rules: ${error instanceof Error ? error.message : error}`);
	}
}

function keepMetrics({ ports, settings, journal }: Serving, service: Service): () => Promise<void> {
	const { metrics_file, metrics_seconds } = settings;
	if (metrics_file === "") return async () => undefined;
	return keepMetricsFile({
		milliseconds: 1000 * metrics_seconds,
		write: async () => ports.replaceFile(metrics_file, await service.metrics()),
		onProblem: (message) => journal.error({}, `could not write the metrics to ${metrics_file}: ${message}`),
	});
}

async function answerAll(service: Service, serving: Serving, leaving: Leaving): Promise<void> {
	const { ports, settings } = serving;
	const { run_directory } = settings;
	const ended = service.run();
	const sockets: ControlSocket[] = [];
	try {
		const control = {
			path: `${run_directory}/control`,
			answer: (line: Buffer, client: Client) => answerControl(service, line, client),
		};
		const load = {
			path: `${run_directory}/load`,
			answer: (line: Buffer, client: Client) => answerLoad(service, line, client),
			oneAnswer: true,
			connections: LOAD_CONNECTIONS,
		};
		// One after the other: what listens is to be closed where the next one cannot.
		for (const options of [control, load]) sockets.push(await ports.listenControl(options));
		// What nobody can look up yet stays there.
		void service.known.then(() => takeSpooled(service, serving, leaving));
		await ended;
	} finally {
		service.stopBy("it ends");
		await Promise.all(sockets.map((socket) => socket.close()));
		await ended;
	}
}

/** What was asked for when nobody listened: nobody waits for it any more. */
async function takeSpooled(service: Service, { ports, settings, journal }: Serving, leaving: Leaving): Promise<void> {
	const directory = spoolOf(settings);
	try {
		const lines = await ports.takeSpooled(directory);
		if (lines.length > 0) journal.info({ requests: lines.length }, "took what was asked for before it listened");
		for (const request of lines.map(parseLoadLine)) {
			if (typeof request === "string") continue;
			const { result } = await service.load({ ...request, wait: false });
			if (result === "refused") leaving.leave(request);
		}
	} catch (error) {
		journal.error({}, `could not read ${directory}: ${error instanceof Error ? error.message : error}`);
	}
}

type Leaving = {
	/** Has the agent that runs next load it. */
	leave(request: LoadRequest): void;
	/** Resolves when all of that is written. */
	ended(): Promise<unknown>;
};

function makeLeaving({ ports, settings, journal }: Serving): Leaving {
	const directory = spoolOf(settings);
	const all: Promise<void>[] = [];
	async function leave(request: LoadRequest): Promise<void> {
		const { alias } = request;
		try {
			await ports.putSpooled(directory, formatLoadLine(request).subarray(0, -1));
			journal.info({ alias }, `left ${alias} in ${directory} for the agent that runs next: it had not begun`);
		} catch (error) {
			const why = error instanceof Error ? error.message : error;
			journal.error({ alias }, `could not leave ${alias} in ${directory}, and it is not loaded: ${why}`);
		}
	}
	return { leave: (request) => void all.push(leave(request)), ended: () => Promise.all(all) };
}

const spoolOf = ({ run_directory }: Settings): string => `${run_directory}.spool`;
