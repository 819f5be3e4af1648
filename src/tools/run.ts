// hotplugd run: the agent as a service, until SIGTERM. It logs JSON lines.
import { makeCommandPool } from "../agent/command-pool.js";
import { makeAftermath } from "../agent/aftermath.js";
import { answerControl, answerLoad } from "../agent/control-answers.js";
import type { UeventSource } from "../agent/devices.js";
import { type Journal, openJournal } from "../agent/journal.js";
import { isReplayToCome } from "../agent/replay.js";
import { makeService, type Service } from "../agent/service.js";
import type { Settings } from "../agent/settings.js";
import { makeTally } from "../agent/tally.js";
import { exitStatus } from "../agent/verdict.js";
import type { Files } from "../libkmod/kernel.js";
import { version } from "../version.js";
import { agentOptions, complainOf, formatProblem, readAll, readSettings, StartFailure } from "./agent-start.js";
import { defineTool } from "./command-line.js";
import type { ControlSocket, Machine, ServiceMachine } from "./machine.js";

/** Threads beside the bound: for modules that hang, and for those that the kernel asks for while one of them waits. */
const BEYOND_THE_BOUND = 64;
/** The kernel has no more requests under way at once (CONFIG_MODPROBE's limit is 50). */
const LOAD_CONNECTIONS = 256;

export const run = defineTool({
	name: "hotplugd run",
	summary: "Loads the modules of the devices present, then those of every device that is plugged in.",
	options: {
		...agentOptions,
		source: { argument: "WHO", help: "Heed the uevents of kernel or udev (settings: source)" },
		runDirectory: { argument: "DIR", help: "Have sockets and lock there (settings: run_directory)" },
		notifyFd: { argument: "FD", number: true, help: "Write a newline there when ready" },
	},
	mostOperands: 0,
	async run({ options: given }, machine) {
		const kernel = await machine.kernel();
		try {
			const settings = override(await readSettings(kernel, given.config), given);
			const source = chooseSource(settings, kernel);
			const readEverything = () => readAll(kernel, given, settings, { source, rulesDirectory: machine.rulesDirectory });
			const { knowledge, policy } = await readEverything();
			await machine.sizeThreadPool(settings.parallel, BEYOND_THE_BOUND);
			const journal = openJournal(settings.log_level, printing(machine));
			for (const problem of knowledge.problems) journal.warn({ ...problem }, formatProblem(problem));
			journal.info({ files: knowledge.read, moduleDirectory: knowledge.moduleDirectory }, "read the configuration");
			const ports = await machine.service();
			const lock = await ports.lockInstance(settings.run_directory);
			if (!lock.held)
				throw new StartFailure(
					`another hotplugd runs already${lock.pid === undefined ? "" : ` (process ${lock.pid})`}, holding ${lock.file}`,
					exitStatus.unable,
				);
			const readiness = await ports.readiness({
				...(given.notifyFd !== undefined && { notifyFd: given.notifyFd }),
				onProblem: ({ message }) => journal.warn({}, `could not tell whoever started this: ${message}`),
			});
			const service = makeService({
				kernel,
				sources: await machine.devices("/sys"),
				settings,
				source,
				lookAtStart: source === "kernel" || !isReplayToCome(kernel),
				version,
				knowledge,
				policy,
				readAll: readEverything,
				commandPool: makeCommandPool({
					run: (command) => ports.runCommand(command),
					atOnce: settings.commands_at_once,
					report: (report) => journal.command(report),
				}),
				journal,
				readiness,
				counted: makeTally(),
				onReport: makeAftermath({
					trim: () => void machine.trimMemory(),
					quietMilliseconds: settings.quiet_milliseconds,
				}),
				onListening: (listens) => markListening(ports, settings, journal, listens),
			});
			machine.onStopSignal((signal) => service.stopBy(signal));
			machine.onReloadSignal(() => void service.renew("SIGHUP: what is known was read anew"));
			await service.open();
			await serve(service, ports, settings);
			journal.info({}, "stopped");
			lock.release();
			return exitStatus.done;
		} catch (error) {
			return complainOf(error, "hotplugd run", machine);
		}
	},
});

function override(
	settings: Settings,
	{ source, runDirectory }: { readonly source: string | undefined; readonly runDirectory: string | undefined },
): Settings {
	if (source !== undefined && !["auto", "kernel", "udev"].includes(source))
		throw new StartFailure(`there is no source ${source}: it is one of auto, kernel, udev`, exitStatus.usage);
	return {
		...settings,
		...(source !== undefined && { source }),
		...(runDirectory !== undefined && { run_directory: runDirectory }),
	};
}

/** udev's control socket is there as long as udev is, or systemd is going to start it. */
function chooseSource({ source }: Settings, files: Pick<Files, "stamp">): UeventSource {
	if (source === "kernel" || source === "udev") return source;
	return files.stamp("/run/udev/control") === undefined ? "kernel" : "udev";
}

/** A log that cannot be written, its disk being full say, must not keep a machine from its drivers. */
function printing(machine: Machine): (line: string) => void {
	return (line) => {
		try {
			machine.print(line);
		} catch {
			// There is nowhere to say it.
		}
	};
}

/** As long as it is there, udev's rule leaves loading to this agent. */
function markListening(ports: ServiceMachine, settings: Settings, journal: Journal, listens: boolean): void {
	try {
		ports.mark(`${settings.run_directory}/listening`, listens);
	} catch (error) {
		journal.error({}, `could not tell udev's rules: ${error instanceof Error ? error.message : error}`);
	}
}

async function serve(service: Service, ports: ServiceMachine, { run_directory }: Settings): Promise<void> {
	const ended = service.run();
	const sockets: ControlSocket[] = [];
	try {
		const control = { path: `${run_directory}/control`, answer: (line: Buffer) => answerControl(service, line) };
		const load = {
			path: `${run_directory}/load`,
			answer: (line: Buffer) => answerLoad(service, line),
			oneAnswer: true,
			connections: LOAD_CONNECTIONS,
		};
		sockets.push(await ports.listenControl(control), await ports.listenControl(load));
		await ended;
	} finally {
		service.stopBy("it ends");
		await Promise.all(sockets.map((socket) => socket.close()));
		await ended;
	}
}
