// Runs an agent and harms it. The argument names the harm; the result is printed as JSON.

import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import {
	existsSync,
	constants as file,
	mkdirSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { AgentStatus } from "../../../src/agent/telling/status.js";
import { ask } from "../../../src/linux/service/control-client.js";
import { readRecord } from "../fakes/standin.js";
import {
	addDevice,
	type Daemon,
	type LogLine,
	launch,
	launchUnread,
	loggingTo,
	looked,
	mountDevices,
	type Place,
	preparePlace,
	startDaemon,
} from "../running/agent-session.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";
import type { World } from "../worlds/world.js";
import { writeWorld } from "../worlds/world-folder.js";

export const faultsSession = fileURLToPath(import.meta.url);

const named = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** A world with these modules, each with an alias of its own, and with `more`. */
const worldOf = (names: readonly string[], more: Partial<World> = {}): World => ({
	modules: Object.fromEntries(names.map((name) => [name, []])),
	aliases: Object.fromEntries(names.map((name) => [`x:${name}`, name])),
	...more,
});

/** Announces new devices, each of which wants the module of its name. With `again`, other devices want the same modules. */
function plug(names: readonly string[], again = ""): void {
	for (const name of names) addDevice(`/devices/${name}${again}`, `x:${name}`);
	injectUevents(names.map((name) => formatUevent("add", `/devices/${name}${again}`, [["MODALIAS", `x:${name}`]])));
}

const isInserted = (line: LogLine): boolean => line.result === "inserted";
const listInserted = ({ log }: Daemon): unknown[] => log.filter(isInserted).map(({ module }) => module);
const hasInserted = (daemon: Daemon, names: readonly string[]): boolean => {
	const inserted = new Set(listInserted(daemon));
	return names.every((name) => inserted.has(name));
};

async function tell(daemon: Daemon, words: object): Promise<Record<string, unknown>> {
	const [folder] = /(?<=--config\0)[^\0]*(?=\/hotplugd.toml)/.exec(
		readFileSync(`/proc/${daemon.process.pid}/cmdline`, "utf8"),
	)!;
	return JSON.parse((await ask(join(folder, "run/control"), `${JSON.stringify(words)}\n`, 60_000)).toString());
}

async function readStatus(daemon: Daemon): Promise<AgentStatus> {
	return (await tell(daemon, { command: "status" })).status as AgentStatus;
}

/** Modules that the place's /proc/modules lists. */
const listLive = ({ folder }: Place): string[] =>
	readFileSync(join(folder, "proc-modules"), "utf8")
		.trimEnd()
		.split("\n")
		.map((line) => line.split(" ")[0] ?? "");

/** An agent whose log nobody reads until it has loaded a module; then a reader comes. */
async function stuck(place: Place, agent: ChildProcess, log: Readable): Promise<object> {
	const control = join(place.folder, "run/control");
	const isLive = (name: string): boolean => listLive(place).includes(name);
	await until(() => existsSync(control));
	const odd = named("odd", 8000).map((name) => formatUevent("add", `/devices/${name}`, [["MODALIAS", `x:${name}`]]));
	// The smallest usual receive buffer holds so many uevents at once.
	for (let from = 0; from < odd.length; from += 200) {
		injectUevents(odd.slice(from, from + 200));
		await ask(control, '{"command":"settle"}\n', 60_000);
	}
	plug(["m"]);
	await until(() => isLive("m"));
	await ask(control, '{"command":"settle"}\n', 60_000);
	let text = "";
	log.setEncoding("utf8").on("data", (read: string) => {
		text += read;
	});
	await until(() => text.includes("lines of the log were lost here"));
	plug(["n"]);
	await until(() => isLive("n"));
	const ended = Promise.all([once(agent, "exit"), once(log, "end")]);
	agent.kill("SIGTERM");
	const [[status]] = await ended;
	const lines = text
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line) as LogLine);
	const lost = lines.reduce((sum, line) => sum + Number(line.lines ?? 0), 0);
	return { status, lines: lines.length, lost, last: lines.at(-1)?.msg };
}

/** Gives up after a minute. */
async function until(condition: () => boolean): Promise<void> {
	const deadline = performance.now() + 60_000;
	while (!condition()) {
		if (performance.now() > deadline) throw new Error(`never came true: ${condition}`);
		await setTimeout(10);
	}
}

const sessions: Readonly<Record<string, () => Promise<unknown>>> = {
	async killed() {
		const names = named("m", 60);
		const uses = names.map((name, i) => [name, i % 3 === 0 ? [] : [names[i - (i % 3)]!]] as const);
		const releaseOf = (name: string) => `/sys/devices/release-${name}`;
		const config = names.map((name) => `options ${name} standin.until=${releaseOf(name)}\n`).join("");
		const world = worldOf(names, { modules: Object.fromEntries(uses), config });
		const place = preparePlace(world, { parallel: 4 });
		for (const name of names) addDevice(`/devices/${name}`, `x:${name}`);
		const begun: number[] = [];
		for (const command of ["coldplug", "run", "run"] as const) {
			const before = readRecord(place.record).length;
			const agent = launch(place, { command });
			// Modules whose init has begun are released one by one, but not after the tenth: when the kill comes late, few more
			// have begun.
			await agent.until(() => {
				const all = agent.inserted();
				if (all.length >= before + 10) return true;
				for (const name of all) writeFileSync(releaseOf(name), "");
				return false;
			});
			await agent.stop("SIGKILL");
			begun.push(readRecord(place.record).length - before);
		}
		for (const name of names) writeFileSync(releaseOf(name), "");
		const last = launch(place);
		await last.until(() => last.log.some(({ msg }) => msg === "settled"));
		const ended = await last.stop();
		return { begun, live: listLive(place).sort(), wanted: names.sort(), ended };
	},

	async rewritten() {
		const names = named("m", 300);
		const world = worldOf(names);
		const place = preparePlace(world);
		const daemon = launch(place);
		await looked(daemon);
		plug(["late"]);
		const indexes = ["alias", "dep", "symbols", "builtin", "builtin.alias"].map((name) =>
			join(place.folder, "lib/modules/6.0.0", `modules.${name}.bin`),
		);
		for (let i = 0; i < names.length; i += 10) {
			plug(names.slice(i, i + 10));
			for (const [n, path] of indexes.entries()) {
				const whole = readFileSync(path);
				if ((i / 10 + n) % 2 === 0) {
					// depmod replaces the file by a rename.
					writeFileSync(`${path}.new`, whole);
					renameSync(`${path}.new`, path);
				} else {
					// A less careful program overwrites the file in place.
					writeFileSync(path, whole.subarray(0, whole.length >> 1));
					await setTimeout(5);
					writeFileSync(path, whole);
				}
			}
		}
		writeWorld(place.folder, worldOf([...names, "late"]));
		await daemon.until(() => hasInserted(daemon, [...names, "late"]));
		const { indexes: known } = await readStatus(daemon);
		const ended = await daemon.stop();
		return {
			readAgain: known.generation > 1,
			inserted: daemon.inserted().sort(),
			wanted: [...names, "late"].sort(),
			ended,
		};
	},

	async hanging() {
		const [hanging, others] = [named("hang", 20), named("other", 50)];
		const release = `/sys/devices/release`;
		const config = hanging.map((name) => `options ${name} standin.until=${release}\n`).join("");
		// Longer than any other init takes on a busy machine.
		const settings = { hung_seconds: 3 };
		const daemon = await startDaemon(worldOf([...hanging, ...others], { config }), settings);
		plug(hanging);
		await daemon.until(() => daemon.inserted().length >= 16);
		plug(others);
		await daemon.until(() => hasInserted(daemon, others));
		await daemon.until(
			() => daemon.log.filter(({ msg }) => /^hang\d+: its insertion has not ended/.test(msg)).length === 20,
		);
		const { in_flight, last_problem } = await readStatus(daemon);
		const settled = await tell(daemon, { command: "settle" });
		const early = listInserted(daemon).filter((name) => hanging.includes(String(name)));
		writeFileSync(release, "");
		await daemon.until(() => hasInserted(daemon, hanging));
		const ended = await daemon.stop();
		const hung = in_flight.filter(({ hung }) => hung).length;
		return { early, hung, last_problem: last_problem?.message, settled, begun: daemon.inserted().length, ended };
	},

	async failing() {
		const codes = ["ENOENT", "ENOEXEC", "EPERM", "EKEYREJECTED", "ENOMEM", "EBUSY"] as const;
		const errnos: Readonly<Record<string, number>> = { ...constants.errno, EKEYREJECTED: 129 };
		const [bad, good] = [codes.map((code) => `bad_${code.toLowerCase()}`), named("good", 12)];
		const config = codes.map((code, i) => `options ${bad[i]} standin.errno=${errnos[code]}\n`).join("");
		const daemon = await startDaemon(worldOf([...bad, ...good], { config }));
		const failures = () => daemon.log.filter(({ result }) => result === "failed");
		const begun = () =>
			daemon
				.inserted()
				.filter((name) => bad.includes(name))
				.sort();
		plug([...bad, ...good]);
		await daemon.until(() => failures().length === 6 && hasInserted(daemon, good));
		const { counts, last_outcomes } = await readStatus(daemon);
		const once = begun();
		// The same devices again, then other devices.
		plug(bad);
		plug(["good0"], "-behind");
		await tell(daemon, { command: "settle" });
		const repeated = begun();
		plug(bad, "-other");
		await daemon.until(() => failures().length === 12);
		const ended = await daemon.stop();
		return {
			failed: counts.modules_failed,
			inserted: counts.modules_inserted,
			told: last_outcomes
				.filter(({ result }) => result === "failed")
				.map(({ explanation }) => explanation)
				.sort(),
			logged: failures()
				.map(({ level, errno }) => `${level} ${errno}`)
				.sort(),
			once,
			repeated,
			again: begun(),
			message: failures().find(({ errno }) => errno === "ENOENT")?.msg,
			ended,
		};
	},

	/** Without its capabilities not even root may read a file without permissions. */
	async unreadable() {
		const world = worldOf(["m", "kept_out"], { config: "blacklist kept_out\n" });
		const place = preparePlace(world);
		const directory = join(place.folder, "etc/modprobe.d");
		writeFileSync(join(directory, "closed.conf"), "blacklist m\n", { mode: 0 });
		symlinkSync("circle.conf", join(directory, "circle.conf"));
		mkdirSync(join(directory, "folder.conf"));
		execFileSync("mkfifo", [join(directory, "pipe.conf")]);
		symlinkSync("/dev/zero", join(directory, "zeros.conf"));
		// A file too large to be read.
		writeFileSync(join(directory, "large.conf"), "");
		truncateSync(join(directory, "large.conf"), 2 ** 34);
		const by = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"];
		const daemon = launch(place, { by });
		await looked(daemon);
		plug(["m", "kept_out"]);
		await daemon.until(() => hasInserted(daemon, ["m"]));
		await tell(daemon, { command: "settle" });
		const { configuration } = await readStatus(daemon);
		const ended = await daemon.stop();
		const warned = daemon.log.filter(({ level, file }) => level === 40 && file !== undefined);
		return {
			problems: configuration.problems,
			warned: warned.map(({ msg }) => msg.replaceAll(`${directory}/`, "")).sort(),
			inserted: daemon.inserted(),
			ended,
		};
	},

	async interruptedDepmod() {
		const place = preparePlace(worldOf(["m"]));
		const draft = join(place.folder, "lib/modules/6.0.0/.modules.alias.bin.0123456789abcdef01234567.new");
		writeFileSync(draft, "");
		const daemon = launch(place);
		await looked(daemon);
		const { configuration: before } = await readStatus(daemon);
		const warned = () => daemon.log.filter(({ level, file }) => level === 40 && file === draft).length;
		const readAnew = () => daemon.log.filter(({ msg }) => msg === "reloaded indexes and configuration").length;
		rmSync(draft);
		await daemon.until(() => readAnew() === 1);
		const { configuration: after } = await readStatus(daemon);
		const once = warned();
		writeFileSync(draft, "");
		await daemon.until(() => readAnew() === 2);
		return { once, again: warned(), before: before.problems, after: after.problems, ended: await daemon.stop() };
	},

	async fullDisk() {
		execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "disk", "/mnt"]);
		// The file exists before the shell opens it: this process reads it at once.
		writeFileSync("/mnt/log", "");
		const place = preparePlace(worldOf(["m", "n"]), { log_level: "debug" });
		const daemon = launch(place, { by: loggingTo("/mnt/log") });
		const readLog = () => readFileSync("/mnt/log", "utf8");
		await daemon.until(() => readLog().includes("looked at all devices"));
		injectUevents(
			named("odd", 2000).map((name) => formatUevent("add", `/devices/${name}`, [["MODALIAS", `x:${name}`]])),
		);
		await daemon.until(() => readLog().length > 65_000);
		plug(["m"]);
		await daemon.until(() => daemon.inserted().includes("m"));
		await tell(daemon, { command: "settle" });
		const full = readLog();
		writeFileSync("/mnt/log", "");
		plug(["n"]);
		await daemon.until(() => /"module":"n","result":"inserted"/.test(readLog()));
		const ended = await daemon.stop();
		const outcome = (name: string) => new RegExp(`"module":"${name}"`);
		return {
			whileFull: outcome("m").test(full),
			afterwards: outcome("n").test(readLog()),
			inserted: daemon.inserted(),
			ended,
		};
	},

	async readerGone() {
		const daemon = await startDaemon(worldOf(["m"]), { log_level: "debug" });
		daemon.process.stdout!.destroy();
		plug(["m"]);
		await daemon.until(() => daemon.inserted().includes("m"));
		// The stand-in's record says that the insertion has begun, and there is no log to read.
		await tell(daemon, { command: "settle" });
		const status = await readStatus(daemon);
		daemon.process.kill("SIGTERM");
		const [exitStatus] = await once(daemon.process, "exit");
		return { inserted: status.counts.modules_inserted, exitStatus };
	},

	/** The agent's log is a pipe. */
	async pipeStuck() {
		const place = preparePlace(worldOf(["m", "n"]), { log_level: "debug" });
		const pipe = join(place.folder, "pipe");
		execFileSync("mkfifo", [pipe]);
		const reader = openSync(pipe, file.O_RDONLY | file.O_NONBLOCK);
		return stuck(place, launchUnread(place, { by: loggingTo(pipe) }), new Socket({ fd: reader }));
	},

	/** The agent's log is a socket, as under systemd, where the journal reads it. */
	async socketStuck() {
		const place = preparePlace(worldOf(["m", "n"]), { log_level: "debug" });
		const agent = launchUnread(place);
		return stuck(place, agent, agent.stdout);
	},

	async together() {
		const place = preparePlace(worldOf(["m"]));
		addDevice("/devices/m", "x:m");
		const agents = [launch(place), launch(place)] as const;
		const loser = await Promise.race(agents.map(async (agent) => ({ agent, end: await agent.ended })));
		const winner = agents.find((agent) => agent !== loser.agent)!;
		await winner.until(() => hasInserted(winner, ["m"]));
		// The winner may not have written its process number yet when the loser reads it.
		const said = loser.end.stderr.replace(place.folder, "FOLDER").replace(` (process ${winner.process.pid})`, "");
		const ended = await winner.stop();
		return { said, status: loser.end.status, lines: loser.agent.log.length, inserted: winner.inserted(), ended };
	},

	async interrupted() {
		const names = named("m", 4);
		const release = "/sys/devices/release";
		const config = names
			.slice(0, 3)
			.map((name) => `options ${name} standin.until=${release}\n`)
			.join("");
		const daemon = await startDaemon(worldOf(names, { config }), { parallel: 3 });
		plug(names.slice(0, 3));
		await daemon.until(() => daemon.inserted().length === 3);
		plug(names.slice(3));
		await daemon.until(() => daemon.waiting() === 0);
		const ended = daemon.stop("SIGINT");
		await daemon.until(() => daemon.log.some(({ running }) => running !== undefined));
		plug(["m0"], "-other");
		const before = listInserted(daemon);
		writeFileSync(release, "");
		const end = await ended;
		const told = daemon.log.findIndex(({ running }) => running !== undefined);
		return {
			before,
			running: daemon.log[told]?.running,
			afterwards: daemon.log
				.slice(told + 1)
				.map(({ module, result, msg }) => [module ?? msg, result])
				.sort(),
			inserted: daemon.inserted().sort(),
			ended: end,
		};
	},

	async stopped() {
		const names = named("m", 200);
		const daemon = await startDaemon(worldOf(names));
		plug(names.slice(0, 100));
		daemon.process.kill("SIGSTOP");
		for (let i = 100; i < 200; i += 10) {
			plug(names.slice(i, i + 10));
			await setTimeout(200);
		}
		const meanwhile = daemon.inserted().length;
		daemon.process.kill("SIGCONT");
		await daemon.until(() => hasInserted(daemon, names));
		const ended = await daemon.stop();
		return { meanwhile, inserted: daemon.inserted().sort(), wanted: names.sort(), ended };
	},
};

for (const [code, times] of [
	["EINTR", 3],
	["EINTR", 100],
	["EAGAIN", 100],
] as const) {
	Object.assign(sessions, {
		async [`${code}${times}`]() {
			const answers = `${constants.errno[code]}*${times}`;
			const daemon = await startDaemon(worldOf(["m"]), {}, { STANDIN_FINIT_MODULE: answers });
			plug(["m"]);
			await daemon.until(() => daemon.log.some(({ result }) => result !== undefined));
			const ended = await daemon.stop();
			const { result, errno } = daemon.log.find((line) => line.result !== undefined)!;
			return { calls: daemon.inserted().length, result, errno, ended };
		},
	});
}

const session = sessions[process.argv[2] ?? ""];
if (process.argv[1] === faultsSession && session) {
	mountDevices();
	console.log(JSON.stringify(await session()));
}
