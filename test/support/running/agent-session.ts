// A daemon in a machine of its own: the executable's `run` in a network namespace where this process alone makes uevents, with
// a /sys/devices in memory, indexes made for it, and a stand-in for the kernel's module loader. Needs no privilege.

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
	/** So far. */
	readonly log: readonly LogLine[];
	readonly process: ChildProcess;
	/** The modules inserted so far, in order. */
	inserted(): string[];
	/** Whether its sockets do. */
	listens(): boolean;
	/** The port id of its uevent socket. */
	port(): number;
	/** Uevents that its socket's receive buffer had no room for. */
	drops(): number;
	/** Bytes of uevents that wait in its socket. */
	waiting(): number;
	/** Gives up after a minute, so that a failure leaves no process behind. */
	until(condition: () => boolean): Promise<void>;
	/** By a signal, SIGTERM where none is named; all of the log is there when it resolves. */
	stop(signal?: NodeJS.Signals): Promise<AgentEnd>;
	/** Resolves when it ends by itself. */
	readonly ended: Promise<AgentEnd>;
};

export type AgentEnd = {
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stderr: string;
};

/** Every device of this machine is below it, one alias each. To be called once mounts are this process's own. */
export function mountDevices(): void {
	execFileSync("mount", ["-t", "tmpfs", "devices", "/sys/devices"]);
}

/** As the kernel does, before it announces it. Strings are bytes. @param devpath such as /devices/platform/serial8250 */
export function addDevice(devpath: string, alias: string): void {
	mkdirSync(Buffer.from(`/sys${devpath}`, "latin1"), { recursive: true });
	writeFileSync(Buffer.from(`/sys${devpath}/modalias`, "latin1"), `${alias}\n`, "latin1");
}

/** A folder with a world and settings, for one agent after the other: what was inserted stays so. */
export type Place = {
	readonly folder: string;
	/** Of what was inserted, in order; see standin.ts. */
	readonly record: string;
	readonly settingsFile: string;
	readonly runDirectory: string;
};

export function preparePlace(world: World, settings: Partial<Settings> = {}): Place {
	const folder = mkdtempSync(join(tmpdir(), "agent-"));
	// An agent that was killed a moment ago may still write there.
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
	/** What comes before node on the command line, such as a shell that redirects its output. */
	readonly by?: readonly string[];
	/** Joins its own. */
	readonly environment?: Readonly<Record<string, string>>;
	/** More options on its command line. */
	readonly words?: readonly string[];
	/** Its log goes to a file first: no line is left out, however late this process reads. */
	readonly logsToFile?: boolean;
};

/** What comes before a command whose standard output is to be a file or a pipe. */
export const loggingTo = (file: string): readonly string[] => ["sh", "-c", 'exec "$@" >>"$0"', file];

/** Begins the executable there; it may not have done anything yet. */
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

/** The same while nobody reads its log. */
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
 * Runs once its sockets listen and it has looked at all devices.
 * @param environment joins its own
 * @param words more options on its command line
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

/** Its sockets listen, and it has looked at all devices: it does both at a time. */
export async function looked(daemon: Daemon): Promise<void> {
	await daemon.until(() => daemon.listens() && daemon.log.some(({ msg }) => msg === "looked at all devices"));
}

/** Other agents may run meanwhile, and a udev. */
const ownPlace = (folder: string) => ({ run_directory: join(folder, "run"), source: "kernel" });

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
		// The last of them.
		listens: () => existsSync(join(runDirectory, "load")),
		port: () => Number(socketRow(child)[2]),
		drops: () => Number(socketRow(child)[8]),
		waiting: () => Number(socketRow(child)[4]),
		async until(condition) {
			const patience = performance.now() + 60_000;
			while (!condition()) {
				if (isOver()) {
					// Its last lines may be read after it has ended.
					await Promise.race([ended, setTimeout(10_000)]);
					if (condition()) return;
					throw new Error(`the daemon ended with ${child.exitCode ?? child.signalCode}: ${stderr}`);
				}
				if (performance.now() > patience) throw new Error(`never came true: ${condition}; ${stderr}`);
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

/** /proc/net/netlink's row of the daemon's socket, the only one here that is not the kernel's. */
function socketRow({ pid }: ChildProcess): readonly string[] {
	const rows = readFileSync(`/proc/${pid}/net/netlink`, "latin1").split("\n");
	return rows.map((line) => line.split(/\s+/)).find(([, protocol, port]) => protocol === "15" && port !== "0") ?? [];
}
