// One life of the agent in this process, with everything real but the kernel's module loader: the agent starts, looks at devices,
// hears of more, answers requests, runs commands, reads its files anew, writes its metrics, and stops. Delays are shortened, so
// that a life takes some 30 ms.
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

// The functions before they are intercepted.
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

/** Modules that each have a device. The last one's file is compressed, so that the kernel gets an image. */
const modules = ["walked", "plugged", "asked", "renewed", "spooled", "ran", "packed"];
/** While the init of `held` runs, the agent stops: the request for `left`, which nobody waits for, is left to the next agent. */
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
	/** Undefined when the agent did not end. */
	readonly status: number | undefined;
	/** Lines of its standard error. */
	readonly said: readonly string[];
	/** Lines of its log; a line that is no JSON is a string. */
	readonly log: readonly unknown[];
	readonly inserted: readonly string[];
	/** Files that the agent should not have left, or did not write whole. */
	readonly litter: readonly string[];
	readonly uncaught: readonly string[];
	/** Requests that got no answer in time. */
	readonly unanswered: readonly string[];
};

export type Place = {
	live(runsCommands?: boolean): Promise<Life>;
	readonly finitModule: (fd: number) => Promise<number>;
	readonly initModule: (image: Uint8Array) => Promise<number>;
};

const PATIENCE_MILLISECONDS = 4000;

/** @param send injects uevents in the kernel's name */
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
	// The kernel's stand-in takes the name of a module from its image.
	for (const name of Object.keys(world.modules))
		writeFileSync(moduleFile(folder, name), name === "packed" ? gzipSync(name) : name);
	// A symbolic link within the root is followed within that root.
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

	/** @param subsystem "hotplugged" is the subsystem that the rule with a command matches */
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

	/** @param runsCommands whether the agent runs commands: forking a process takes longer than everything else */
	async function live(runsCommands = true): Promise<Life> {
		inserted = [];
		gate.release = undefined;
		for (const name of modules.slice(1)) rmSync(`${paths.sysfs}/devices/${name}`, { recursive: true, force: true });
		for (const path of [paths.run, paths.spool, paths.metrics]) rmSync(path, { recursive: true, force: true });
		mkdirSync(paths.spool);
		// The socket of an agent that was killed, in a directory that other users may still read.
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
			// The path below the root that -d names, like that of the package's own rules.
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
				// The executable, too, ends with one line of its own when an error is thrown.
				said.push(`hotplugd: ${thrown.message}`);
				ended ??= 1;
			},
		);
		const isOver = (): boolean => ended !== undefined || uncaught.length > 0;
		/** Sends a request, and sends it again when the agent lost the connection. */
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
			const over = performance.now() + PATIENCE_MILLISECONDS;
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
		// While the agent stops, `held` is in its init: the request behind it is left in the spool.
		const waiting = tell("load", `w x:${held}`);
		await until(() => gate.release !== undefined || read.says(held));
		await tell("load", `n x:${left}`);
		stop();
		await pause(1);
		letGo();
		await waiting;
		await Promise.race([end, pause(PATIENCE_MILLISECONDS)]);
		letGo();
		const lines = read.lines();
		process.off("uncaughtException", note);
		process.off("unhandledRejection", note);
		closeSync(log);
		closeQuietly(ready, paths.ready);
		return { status: ended, said, log: lines, inserted, litter: listLitter(), uncaught, unanswered };
	}

	/**
	 * Files that the agent should not have left. It may leave its directory with the lock, whole metrics, and the request that it
	 * did not begin.
	 */
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

/**
 * Asks with the agent's own client. "lost" means no answer: nobody listens, or the connection has ended. "late" means a timeout.
 */
async function ask(path: string, line: string): Promise<"answered" | "lost" | "late"> {
	const begun = performance.now();
	const { ask: askAgent } = await import("../../../src/linux/service/control-client.js");
	try {
		await askAgent(path, `${line}\n`, PATIENCE_MILLISECONDS);
		return "answered";
	} catch (thrown) {
		if (!(thrown instanceof Refusal)) throw thrown;
		return performance.now() - begun > PATIENCE_MILLISECONDS - 100 ? "late" : "lost";
	}
}

/** Closes the descriptor unless the agent has closed it: by now the number may belong to another file. */
function closeQuietly(fd: number, file: string): void {
	try {
		if (readlinkSync(`/proc/self/fd/${fd}`) === file) closeSync(fd);
	} catch {
		// The descriptor is closed already.
	}
}
