// A life of the agent in this process, all of it but the kernel's module loader being real: it starts, looks at devices, hears of
// more, answers requests, runs commands, reads its files anew, writes its metrics, stops. Makes itself short: some 30 ms.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Machine } from "../../../src/ports/machine.js";
import { formatUevent } from "../running/uevent-injector.js";
import type { World } from "../worlds/world.js";
import { moduleFile, worldWords, writeWorld } from "../worlds/world-folder.js";
import { makeLogReader } from "./log-reader.js";

// As they are before anything stands between.
const {
	chmodSync,
	closeSync,
	existsSync,
	linkSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} = fs;

/** Each has a device; the last is compressed, so that the kernel is handed an image. */
const modules = ["walked", "plugged", "asked", "renewed", "spooled", "ran", "packed"];
/** While it is in its init, what is asked for without waiting is left to the agent that runs next. */
const held = "held";
const left = "left";

const world: World = {
	modules: Object.fromEntries(
		[...modules, held, left, "base"].map((name) => [name, name === "plugged" ? ["base"] : []]),
	),
	aliases: Object.fromEntries([...modules, held, left].map((name) => [`x:${name}`, name])),
	config: "install ran : $CMDLINE_OPTS\noptions plugged a=1\n",
};

export type Life = {
	/** undefined where it never ended. */
	readonly status: number | undefined;
	/** What it said on standard error, by lines. */
	readonly said: readonly string[];
	/** Lines of its log; those that are no JSON are strings. */
	readonly log: readonly unknown[];
	readonly inserted: readonly string[];
	/** Files that were left, and should not have been, or are not whole. */
	readonly litter: readonly string[];
	readonly uncaught: readonly string[];
	/** Requests that nobody has answered in time. */
	readonly unanswered: readonly string[];
};

export type Place = {
	live(runsCommands?: boolean): Promise<Life>;
	readonly finitModule: (fd: number) => Promise<number>;
	readonly initModule: (image: Uint8Array) => Promise<number>;
};

const PATIENCE = 4000;

/** @param send injects uevents as the kernel's */
export function makePlace(
	folder: string,
	send: (message: Buffer) => void,
	tools: { machine: Machine; run(words: readonly string[], machine: Machine): Promise<number> },
): Place {
	const paths = {
		sysfs: join(folder, "sys"),
		run: join(folder, "run"),
		spool: join(folder, "run.spool"),
		metrics: join(folder, "metrics/hotplugd.prom"),
		settings: join(folder, "hotplugd.toml"),
		rules: join(folder, "rules"),
		log: join(folder, "log"),
		ready: join(folder, "ready"),
		modules: join(folder, "proc-modules"),
	};
	writeWorld(folder, world);
	// What stands in for the kernel knows an image by its name.
	for (const name of Object.keys(world.modules))
		writeFileSync(moduleFile(folder, name), name === "packed" ? gzipSync(name) : name);
	// Links within a root are followed there.
	renameSync(join(folder, "lib"), join(folder, "usr-lib"));
	symlinkSync("usr-lib", join(folder, "lib"));
	addDevice("walked");
	mkdirSync(`${paths.sysfs}/devices/walked/power`);
	const ofClass = `${paths.sysfs}/devices/plain/net/eth`;
	mkdirSync(ofClass, { recursive: true });
	symlinkSync("../../../../class/net", `${ofClass}/subsystem`);
	writeFileSync(`${ofClass}/uevent`, "INTERFACE=eth\n");
	mkdirSync(join(folder, "metrics"));
	mkdirSync(paths.rules);
	writeFileSync(
		join(paths.rules, "run.toml"),
		`[[run]]\naction = "add"\nsubsystem = "hotplugged"\ncommand = ["/bin/true"]\n[[deny]]\nsubsystem = "none"\n`,
	);
	writeFileSync(
		paths.settings,
		[
			`run_directory = "${paths.run}"`,
			`metrics_file = "${paths.metrics}"`,
			'source = "kernel"',
			"quiet_milliseconds = 1",
			"parallel = 1",
			"receive_buffer_bytes = 65536",
			"",
		].join("\n"),
	);
	execFileSync("mkfifo", [paths.log]);
	let inserted: string[] = [];
	/** Ends the init of the module that is held. */
	const gate: { release?: (() => void) | undefined } = {};

	function letGo(): void {
		gate.release?.();
	}

	function addDevice(name: string): string {
		const devpath = `/devices/${name}`;
		mkdirSync(`${paths.sysfs}${devpath}`, { recursive: true });
		symlinkSync("../../bus/platform", `${paths.sysfs}${devpath}/subsystem`);
		writeFileSync(`${paths.sysfs}${devpath}/modalias`, `x:${name}\n`);
		writeFileSync(`${paths.sysfs}${devpath}/uevent`, "DRIVER=\n");
		return devpath;
	}

	/** @param subsystem the rule is about "hotplugged" */
	function plug(name: string, subsystem = "platform"): void {
		send(
			formatUevent("add", addDevice(name), [
				["MODALIAS", `x:${name}`],
				["SUBSYSTEM", subsystem],
			]),
		);
	}

	function finitModule(fd: number): Promise<number> {
		const file = readlinkSync(`/proc/self/fd/${fd}`);
		const name = /([^/]+)\.ko$/.exec(file)?.[1] ?? file;
		const done = (): number => {
			insert(name);
			return 0;
		};
		if (name !== held) return Promise.resolve(done());
		return new Promise((resolve) => {
			gate.release = () => resolve(done());
		});
	}

	function initModule(image: Uint8Array): Promise<number> {
		insert(Buffer.from(image).toString());
		return Promise.resolve(0);
	}

	function insert(name: string): void {
		inserted.push(name);
		const lines = inserted.map((module) => `${module} 16384 0 - Live 0x0\n`);
		writeFileSync(paths.modules, lines.reverse().join(""));
	}

	/** @param runsCommands or not: a process that is forked takes longer than all else */
	async function live(runsCommands = true): Promise<Life> {
		inserted = [];
		gate.release = undefined;
		for (const name of modules.slice(1)) rmSync(`${paths.sysfs}/devices/${name}`, { recursive: true, force: true });
		for (const path of [paths.run, paths.spool, paths.metrics]) rmSync(path, { recursive: true, force: true });
		mkdirSync(paths.spool);
		// An agent that was killed has left its socket, in a directory that others may still read.
		mkdirSync(paths.run);
		chmodSync(paths.run, 0o755);
		linkSync(join(folder, "stale"), join(paths.run, "control"));
		writeFileSync(`${paths.spool}/000000000001.000000000.1`, "n x:spooled\n");
		writeFileSync(paths.modules, "");
		const said: string[] = [];
		const uncaught: string[] = [];
		const unanswered: string[] = [];
		const note = (thrown: unknown): void =>
			void uncaught.push(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
		process.on("uncaughtException", note);
		process.on("unhandledRejection", note);
		const log = openSync(paths.log, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
		const ready = openSync(paths.ready, "w");
		const read = makeLogReader(log);
		let stop: () => void = () => undefined;
		process.env.NOTIFY_SOCKET = "/nowhere/notify";
		const machine: Machine = {
			...tools.machine,
			// Below the root that -d names, as the package's own.
			rulesDirectory: paths.rules.slice(folder.length),
			complain: (text) => void said.push(...text.trimEnd().split("\n")),
			devices: () => tools.machine.devices(paths.sysfs),
			sizeThreadPool: async () => undefined,
			endNow: async (status) => {
				ended ??= status;
			},
			onStopSignal: (listener) => {
				stop = () => listener("SIGTERM");
			},
			onReloadSignal: () => undefined,
			service: async () => {
				const ports = await tools.machine.service();
				const { openLogOutput } = await import("../../../src/linux/output/log-output.js");
				return { ...ports, openLog: (options) => openLogOutput({ ...options, descriptor: log }) };
			},
		};
		let ended: number | undefined;
		const words = ["--config", paths.settings, "--notify-fd", String(ready), ...worldWords(folder)];
		const end = tools.run(words, machine).then(
			(status) => {
				ended ??= status;
			},
			(thrown) => {
				// As the executable ends, with a line of its own.
				said.push(`hotplugd: ${thrown.message}`);
				ended ??= 1;
			},
		);
		const isOver = (): boolean => ended !== undefined || uncaught.length > 0;
		/** One whose connection the agent lost asks again. */
		const tell = async (socket: string, line: string): Promise<void> => {
			for (let attempt = 0; attempt < 3 && !isOver(); attempt++) {
				const answer = await ask(join(paths.run, socket), line);
				if (answer === "late") unanswered.push(line);
				if (answer !== "lost") return;
				await pause(1);
			}
		};
		const control = (command: object): Promise<void> => tell("control", JSON.stringify(command));
		const until = async (isSo: () => boolean): Promise<void> => {
			const over = performance.now() + PATIENCE;
			while (!isSo() && !isOver() && performance.now() < over) await pause(1);
		};

		await until(() => existsSync(join(paths.run, "load")) && read.says("looked at all devices"));
		plug("plugged", runsCommands ? "hotplugged" : "platform");
		await control({ command: "settle", timeout_milliseconds: 3000 });
		await control({ command: "load", alias: "x:packed" });
		if (runsCommands) await control({ command: "load", alias: "x:ran" });
		await control({ command: "status" });
		await control({ command: "metrics" });
		await control({ command: "reload" });
		plug("renewed");
		await tell("load", "w x:asked");
		await control({ command: "settle", timeout_milliseconds: 3000 });
		// In its init while the agent stops: what is asked for behind it is left.
		const waiting = tell("load", `w x:${held}`);
		await until(() => gate.release !== undefined || read.says(held));
		await tell("load", `n x:${left}`);
		stop();
		await pause(1);
		letGo();
		await waiting;
		await Promise.race([end, pause(PATIENCE)]);
		letGo();
		const lines = read.lines();
		process.off("uncaughtException", note);
		process.off("unhandledRejection", note);
		closeSync(log);
		closeQuietly(ready, paths.ready);
		return { status: ended, said, log: lines, inserted, litter: listLitter(), uncaught, unanswered };
	}

	/** What the agent leaves: its directory with the lock, whole metrics, and the request that it has not begun. */
	function listLitter(): string[] {
		const listed = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);
		const stale = lstatSync(join(folder, "stale")).ino;
		const isOld = (name: string): boolean => lstatSync(join(paths.run, name)).ino === stale;
		const litter = listed(paths.run).filter((name) => name !== "lock" && !isOld(name));
		litter.push(...listed(join(folder, "metrics")).filter((name) => name !== "hotplugd.prom"));
		for (const name of listed(paths.spool)) {
			const line = readFileSync(join(paths.spool, name), "latin1");
			if (!/^[kwn] x:\w+\n$/.test(line) || name.startsWith(".")) litter.push(`${name}: ${line}`);
		}
		if (existsSync(paths.metrics) && !readFileSync(paths.metrics, "utf8").endsWith("\n"))
			litter.push("metrics are cut");
		return litter;
	}

	return { live, finitModule, initModule };
}

/** By the agent's own client. "lost" where there is no answer: nobody listens, or the connection has ended. */
async function ask(path: string, line: string): Promise<"answered" | "lost" | "late"> {
	const begun = performance.now();
	const { ask: askAgent } = await import("../../../src/linux/service/control-client.js");
	try {
		await askAgent(path, `${line}\n`, PATIENCE);
		return "answered";
	} catch (thrown) {
		if (!(thrown instanceof Refusal)) throw thrown;
		return performance.now() - begun > PATIENCE - 100 ? "late" : "lost";
	}
}

/** The agent has closed it, unless that failed; the number may be another file's by now. */
function closeQuietly(fd: number, file: string): void {
	try {
		if (readlinkSync(`/proc/self/fd/${fd}`) === file) closeSync(fd);
	} catch {
		// It is closed.
	}
}
