// Runs an agent with devices some of whose attributes fail, are slow, or never return. The argument names the story; the result
// is printed as JSON.

import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ask } from "../../../src/linux/service/control-client.js";
import { standinEnvironment } from "../fakes/standin.js";
import {
	addDevice,
	type Daemon,
	type Launch,
	launch,
	mountDevices,
	type Place,
	preparePlace,
} from "../running/agent-session.js";
import { compile } from "../running/c-program.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";
import type { World } from "../worlds/world.js";
import { moduleFile } from "../worlds/world-folder.js";

export const attributesSession = fileURLToPath(import.meta.url);

/**
 * The outcome of read(2) by the end of the path: an errno's name, or the path of a file; the read returns when that file exists.
 */
type Odd = Readonly<Record<string, string>>;

const names = ["a", "b", "c", "d", "late"];
const world: World = {
	modules: { ...Object.fromEntries(names.map((name) => [name, []])), needy: ["b"] },
	aliases: Object.fromEntries([...names, "needy"].map((name) => [`x:${name}`, name])),
};
const place = preparePlace(world, { hung_seconds: 2 });
const gate = join(place.folder, "gate");
const never = join(place.folder, "never");

function begin(command: "run" | "coldplug", odd: Odd, options: Launch = {}, there = place): Daemon {
	const { errno } = constants;
	const entries = Object.entries(odd).map(
		([path, what]) => `${path}=${what.startsWith("/") ? what : errno[what as keyof typeof errno]}`,
	);
	const libraries = [
		standinEnvironment(there.record).LD_PRELOAD,
		compile("odd-attributes", "-shared", "-fPIC", "-ldl"),
	];
	return launch(there, {
		command,
		...options,
		environment: {
			LD_PRELOAD: libraries.join(" "),
			ODD_ATTRIBUTES: entries.join(";"),
			ODD_READS: join(place.folder, "reads"),
		},
	});
}

const tell = async ({ folder }: Place, words: object): Promise<Record<string, unknown>> =>
	JSON.parse((await ask(join(folder, "run/control"), `${JSON.stringify(words)}\n`, 60_000)).toString());

function plug(devpath: string, alias: string): void {
	addDevice(devpath, alias);
	injectUevents([formatUevent("add", devpath, [["MODALIAS", alias]])]);
}

const reads = (): string[] =>
	existsSync(join(place.folder, "reads"))
		? readFileSync(join(place.folder, "reads"), "utf8").trimEnd().split("\n")
		: [];

function addUevent(devpath: string, text: string): void {
	mkdirSync(`/sys${devpath}`, { recursive: true });
	writeFileSync(`/sys${devpath}/uevent`, text);
}

/** Adds so many devices whose alias may be slow to read, and one device behind them. */
function addMany(count: number): void {
	for (let n = 0; n < count; n++) addDevice(`/devices/0${String(n).padStart(2, "0")}/slow`, "x:none");
	addDevice("/devices/a", "x:a");
}

/** The end of coldplug when the reads of these devices never return. */
async function endMany() {
	const agent = begin("coldplug", { "slow/modalias": never }, { words: ["--json"] });
	const { status } = await agent.ended;
	const reasons = passedOver(agent).map((line) => line.replace(/^[^:]*: /, ""));
	const inserted = agent.log.filter(({ result }) => result === "inserted" || result === "live");
	return {
		status,
		loaded: inserted.map(({ module }) => module),
		givenUp: reasons.filter((reason) => reason === "reading its modalias has not ended after 2000 ms").length,
		notRead: reasons.filter((reason) => reason === "its modalias is not read: too many other reads have not ended")
			.length,
	};
}

const passedOver = ({ log }: Daemon) =>
	log.filter((line) => line.what !== undefined).map(({ what, reason }) => `${what}: ${reason}`);

const stories: Record<string, () => Promise<object>> = {
	/** coldplug when reading one device's modalias fails with an errno. */
	async failing() {
		for (const name of ["a", "b", "c"]) addDevice(`/devices/${name}`, `x:${name}`);
		const told: Record<string, unknown> = {};
		for (const code of ["ENOMEM", "EIO", "ENODEV", "EACCES", "EINVAL", "ETIMEDOUT", "ENXIO", "EAGAIN"]) {
			const agent = begin("coldplug", { "/b/modalias": code }, { words: ["--json"] });
			const { status, stderr } = await agent.ended;
			told[code] = { status, stderr, skipped: passedOver(agent) };
		}
		return { told, inserted: readInserted() };
	},

	/** The daemon when reading one device's modalias fails with ENOMEM: it goes on, logs the failure once, and counts it. */
	async "failing daemon"() {
		for (const name of ["a", "b", "c"]) addDevice(`/devices/${name}`, `x:${name}`);
		addUevent("/devices/c", "DRIVER=\n");
		const agent = begin("run", { "/b/modalias": "ENOMEM", "/c/uevent": "EIO" });
		await agent.until(() => agent.log.some(({ msg }) => msg === "settled"));
		const { status } = await tell(place, { command: "status" });
		const { counts, last_problem } = status as { counts: { skipped: number }; last_problem: { message: string } };
		const { text } = await tell(place, { command: "metrics" });
		const metric = /^hotplugd_skipped_total .*$/m.exec(String(text))?.[0];
		const end = await agent.stop();
		return {
			skipped: passedOver(agent),
			inserted: agent.inserted(),
			counted: counts.skipped,
			metric,
			last_problem,
			end,
		};
	},

	/** Rules about properties when one device's uevent cannot be read. The last rule is about devices of another subsystem. */
	async "unreadable properties"() {
		const inserted: Record<string, unknown> = {};
		for (const name of ["a", "b"]) {
			addDevice(`/devices/${name}`, `x:${name}`);
			addUevent(`/devices/${name}`, "KIND=even\n");
		}

		symlinkSync("/sys/devices/own", "/sys/devices/a/subsystem");
		for (const subsystem of ["own", "other"]) {
			const policy = join(place.folder, `rules-${subsystem}`);
			mkdirSync(policy);
			writeFileSync(
				join(policy, "odd.toml"),
				`[[deny]]\nmodule = "*"\nsubsystem = "${subsystem}"\nproperty = { KIND = "odd" }\n`,
			);
			const agent = begin("coldplug", { "/a/uevent": "EIO" }, { words: ["--json", "--policy", policy] });
			const { status, stderr } = await agent.ended;
			inserted[subsystem] = { status, stderr, inserted: readInserted().toSorted() };
		}
		return inserted;
	},

	/** Reads that return only after everything else was done: drivers, a uevent, requests at the control socket. */
	async slow() {
		addUevent("/devices/a/power_supply/BAT0", "POWER_SUPPLY_NAME=BAT0\n");
		for (const name of ["a", "b", "c"]) addDevice(`/devices/${name}`, `x:${name}`);
		addUevent("/devices/b", "X=1\n");
		addDevice("/devices/a/late", "x:late");
		const odd = { "BAT0/uevent": gate, "/b/uevent": gate, "/a/late/modalias": gate };
		const agent = begin("run", odd);
		await agent.until(() => ["a", "c"].every((name) => agent.inserted().includes(name)));
		addDevice("/devices/d", "x:d");
		injectUevents([formatUevent("add", "/devices/d", [["MODALIAS", "x:d"]])]);
		await agent.until(() => agent.inserted().includes("d"));
		const answered = (await tell(place, { command: "status" })).ok;
		const before = agent.inserted().toSorted();
		const settledBefore = agent.log.some(({ msg }) => msg === "settled");
		writeFileSync(gate, "");
		await agent.until(() => agent.log.some(({ msg }) => msg === "settled"));
		const end = await agent.stop();
		const read = reads().filter((path) => path.includes("BAT0"));
		return { before, answered, settledBefore, after: agent.inserted().toSorted(), read, end };
	},

	/** Reads that never return, in coldplug: coldplug ends all the same. */
	async "endless coldplug"() {
		for (const name of ["a", "b", "c"]) addDevice(`/devices/${name}`, `x:${name}`);
		const agent = begin("coldplug", { "/b/modalias": never });
		const { status, stderr } = await agent.ended;
		return { status, stderr, inserted: readInserted().toSorted() };
	},

	/** Many slow reads: the device behind them is loaded before they return, and they are not given up before that. */
	async "many slow"() {
		addMany(40);
		const patient = preparePlace(world, { hung_seconds: 60 });
		const agent = begin("run", { "slow/modalias": gate }, {}, patient);
		await agent.until(() => agent.inserted().includes("a"));
		const settledBefore = agent.log.some(({ msg }) => msg === "settled");
		writeFileSync(gate, "");
		await agent.until(() => agent.log.some(({ msg }) => msg === "settled"));
		const end = await agent.stop();
		return { settledBefore, inserted: agent.inserted(), told: passedOver(agent), end };
	},

	/** Many reads that never return; the second time there are more of them than threads. */
	async "many endless"() {
		addMany(40);
		const few = await endMany();
		addMany(72);
		return { few, many: await endMany() };
	},

	/** The stop signal arrives while an attribute is being read. */
	async "stopped meanwhile"() {
		for (const name of ["a", "b", "c"]) addDevice(`/devices/${name}`, `x:${name}`);
		const agent = begin("coldplug", { "/b/modalias": never });
		await agent.until(() => ["a", "c"].every((name) => agent.inserted().includes(name)));
		return agent.stop();
	},

	/**
	 * The files of a driver and of another driver's dependency are missing for a while. Only the files come back; no device is
	 * announced again.
	 */
	async "gone files"() {
		const agent = begin("run", {});
		await agent.until(() => agent.log.some(({ msg }) => msg === "settled"));
		const files = ["a", "b"].map((name) => moduleFile(place.folder, name));
		for (const file of files) renameSync(file, `${file}.away`);
		plug("/devices/a", "x:a");
		plug("/devices/needy", "x:needy");
		await agent.until(() => ["a", "needy"].every((name) => agent.log.some(({ module }) => module === name)));
		const failed = agent.log.filter(({ level, result }) => level === 50 && result).map(({ msg }) => msg);
		for (const file of files) renameSync(`${file}.away`, file);
		await agent.until(() => ["a", "b", "needy"].every((name) => agent.inserted().includes(name)));
		const end = await agent.stop();
		return { failed: failed.toSorted(), inserted: agent.inserted().toSorted(), end };
	},

	/** A device comes again when its driver's file is back. */
	async "comes again"() {
		const agent = begin("run", {});
		await agent.until(() => agent.log.some(({ msg }) => msg === "settled"));
		const file = moduleFile(place.folder, "a");
		renameSync(file, `${file}.away`);
		for (let times = 1; times <= 3; times++) {
			plug("/devices/a", "x:a");
			await agent.until(() => agent.log.filter(({ module }) => module === "a").length >= times);
		}
		renameSync(`${file}.away`, file);
		plug("/devices/a", "x:a");
		await agent.until(() => agent.inserted().includes("a"));
		const end = await agent.stop();
		return { inserted: agent.inserted(), end };
	},

	/** A read that never returns, in the daemon. */
	async endless() {
		for (const name of ["a", "b", "c"]) addDevice(`/devices/${name}`, `x:${name}`);
		const agent = begin("run", { "/b/modalias": never });
		await agent.until(() => agent.log.some(({ msg }) => msg === "settled"));
		const told = passedOver(agent);
		const inserted = agent.inserted();
		agent.process.kill("SIGTERM");
		const end = await agent.ended;
		return { told, inserted, status: end.status };
	},
};

function readInserted(): string[] {
	return readFileSync(place.record, "utf8")
		.trimEnd()
		.split("\n")
		.map((line) => /([^/]+)\.ko$/.exec(JSON.parse(line).file)?.[1] ?? "");
}

const story = stories[process.argv[2] ?? ""];
if (process.argv[1] === attributesSession && story) {
	mountDevices();
	console.log(JSON.stringify(await story()));
	process.exit(0);
}
