// A daemon on a machine of its own: the executable's `run` in a network namespace whose uevents this process injects, with a
// /sys/devices on a tmpfs, generated indexes, and a stand-in for the kernel's module loader. Needs no privilege.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { defaultSettings, type Settings } from "../../../src/agent/settings/settings.js";
import { type RecordedCall, readRecord, standinEnvironment } from "../fakes/standin.js";
import type { World } from "../worlds/world.js";
import { worldWords, writeWorld } from "../worlds/world-folder.js";

/** One line of the daemon's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: number; readonly msg: string };

export type Daemon = {
	/** The lines of the log so far. */
	readonly log: readonly LogLine[];
	readonly process: ChildProcess;
	/** The modules inserted so far, in order. */
	inserted(): string[];
	/** Whether the daemon's sockets listen. */
	listens(): boolean;
	/** The port id of the daemon's uevent socket. */
	port(): number;
	/** The number of uevents that did not fit into the socket's receive buffer. */
	drops(): number;
	/** The bytes of uevents that wait in the socket. */
	waiting(): number;
	/**
	 * Resolves when the condition is true.
	 * @throws Error after a minute, or when the daemon has ended, so that a failed test leaves no process behind
	 */
	until(condition: () => boolean): Promise<void>;
	/** Sends a signal, SIGTERM when absent. When the promise resolves, the daemon has ended and the log is complete. */
	stop(signal?: NodeJS.Signals): Promise<AgentEnd>;
	/** Resolves when the daemon ends by itself. */
	readonly ended: Promise<AgentEnd>;
};

export type AgentEnd = {
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stderr: string;
};

/**
 * Mounts an empty /sys/devices: all devices are below it, each with one alias. The caller must be in a mount namespace of its
 * own.
 */
export function mountDevices(): void {
	execFileSync("mount", ["-t", "tmpfs", "devices", "/sys/devices"]);
}

/**
 * Creates a device in sysfs, as the kernel does before it announces the device. Strings consist of bytes, one character each.
 * @param devpath such as /devices/platform/serial8250
 */
export function addDevice(devpath: string, alias: string): void {
	mkdirSync(Buffer.from(`/sys${devpath}`, "latin1"), { recursive: true });
	writeFileSync(Buffer.from(`/sys${devpath}/modalias`, "latin1"), `${alias}\n`, "latin1");
}

/**
 * A folder with a world and settings, for several agents in turn. Modules that one agent inserted stay inserted for the next.
 */
export type Place = {
	readonly folder: string;
	/** The file that records the inserted modules, in order; see standin.ts. */
	readonly record: string;
	readonly settingsFile: string;
	readonly runDirectory: string;
};

export function preparePlace(world: World, settings: Partial<Settings> = {}): Place {
	const folder = mkdtempSync(join(tmpdir(), "agent-"));
	// An agent that was killed a moment ago may still write into the folder.
	process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
	writeWorld(folder, world);
	writeFileSync(join(folder, "proc-modules"), "");
	const settingsFile = join(folder, "hotplugd.toml");
	const all = { ...defaultSettings, ...ownPlace(folder), quiet_milliseconds: 100, ...settings };
	writeFileSync(settingsFile, formatSettings(all));
	return { folder, settingsFile, runDirectory: all.run_directory, record: join(folder, "record") };
}

export type Launch = {
	readonly command?: "run" | "coldplug";
	/** The words before node on the command line, such as a shell that redirects the output. */
	readonly by?: readonly string[];
	/** Variables in addition to the daemon's usual environment. */
	readonly environment?: Readonly<Record<string, string>>;
	/** Further options on the daemon's command line. */
	readonly words?: readonly string[];
	/** The log goes through a file: no line is dropped, however slowly this process reads. */
	readonly logsToFile?: boolean;
};

/** The words before a command whose standard output is to be appended to a file or a pipe. */
export const loggingTo = (file: string): readonly string[] => ["sh", "-c", 'exec "$@" >>"$0"', file];

/** Starts the executable. When the function returns, the process may not have done anything yet. */
export function launch(place: Place, options: Launch = {}): Daemon {
	if (!options.logsToFile) {
		const child = launchUnread(place, options);
		return watch(child, child.stdout, place);
	}
	const file = join(place.folder, "log");
	writeFileSync(file, "");
	const child = launchUnread(place, { ...options, by: loggingTo(file) });
	const { stdout } = spawn("tail", [`--pid=${child.pid}`, "-n", "+1", "-f", file], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	return watch(child, stdout, place);
}

/** Starts the executable without reading its log. */
export function launchUnread({ folder, record, settingsFile }: Place, options: Launch = {}) {
	const { command = "run", by = [], environment = {}, words = [] } = options;
	const all = [process.execPath, "dist/main.js", command, ...worldWords(folder), "--config", settingsFile, ...words];
	const [program = "", ...rest] = [...by, ...all];
	const child = spawn(program, rest, {
		env: {
			...process.env,
			...standinEnvironment(record),
			STANDIN_PROC_MODULES: join(folder, "proc-modules"),
			...environment,
		},
		stdio: ["ignore", "pipe", "pipe"],
	});
	process.prependListener("exit", () => child.kill("SIGKILL"));
	return child;
}

/**
 * Starts the daemon. Resolves when its sockets listen and it has looked at all devices.
 * @param environment variables in addition to the daemon's usual ones
 * @param words further options on the command line
 */
export async function startDaemon(
	world: World,
	settings: Partial<Settings> = {},
	environment: Readonly<Record<string, string>> = {},
	words: readonly string[] = [],
): Promise<Daemon> {
	const daemon = launch(preparePlace(world, settings), { environment, words });
	await looked(daemon);
	return daemon;
}

/** Resolves when the sockets listen and the daemon has looked at all devices: it does both concurrently. */
export async function looked(daemon: Daemon): Promise<void> {
	await daemon.until(() => daemon.listens() && daemon.log.some(({ msg }) => msg === "looked at all devices"));
}

/** Keeps the daemon apart from other agents and from a udev that may run on this machine. */
const ownPlace = (folder: string) => ({ run_directory: join(folder, "run"), source: "kernel" }) as const;

function formatSettings(settings: Settings): string {
	return Object.entries(settings)
		.map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
		.join("");
}

function watch(child: ChildProcess, output: Readable, { record, runDirectory }: Place): Daemon {
	const log: LogLine[] = [];
	let stderr = "";
	const lines = createInterface({ input: output });
	lines.on("line", (line) => log.push(JSON.parse(line)));
	child.stderr!.on("data", (text) => {
		stderr += text;
	});
	const ended = Promise.all([once(child, "exit"), once(lines, "close")]).then(
		([[status, signal]]): AgentEnd => ({ status, signal, stderr }),
	);
	const isOver = () => child.exitCode !== null || child.signalCode !== null;
	return {
		log,
		process: child,
		inserted: () => readRecord(record).map(moduleOf),
		// "load" is the last socket that the daemon opens.
		listens: () => existsSync(join(runDirectory, "load")),
		port: () => Number(socketRow(child)[2]),
		drops: () => Number(socketRow(child)[8]),
		waiting: () => Number(socketRow(child)[4]),
		async until(condition) {
			const deadline = performance.now() + 60_000;
			while (!condition()) {
				if (isOver()) {
					// The last lines of the log may be read after the process has ended.
					await Promise.race([ended, setTimeout(10_000)]);
					if (condition()) return;
					throw new Error(`the daemon ended with ${child.exitCode ?? child.signalCode}: ${stderr}`);
				}
				if (performance.now() > deadline) throw new Error(`never came true: ${condition}; ${stderr}`);
				await setTimeout(10);
			}
		},
		stop(signal = "SIGTERM") {
			child.kill(signal);
			return ended;
		},
		ended,
	};
}

const moduleOf = ({ file }: RecordedCall): string => /([^/]+)\.ko$/.exec(String(file))?.[1] ?? String(file);

/**
 * The row of the daemon's uevent socket in /proc/net/netlink: the only row of the protocol whose port id is not 0, the
 * kernel's.
 */
function socketRow({ pid }: ChildProcess): readonly string[] {
	const rows = readFileSync(`/proc/${pid}/net/netlink`, "latin1").split("\n");
	return rows.map((line) => line.split(/\s+/)).find(([, protocol, port]) => protocol === "15" && port !== "0") ?? [];
}
