// Runs an agent that has no modules to look in, or loses them. The argument names the fault; what the agent said and did before
// and after the repair is printed as JSON.

import { execFileSync } from "node:child_process";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ask } from "../../../src/linux/service/control-client.js";
import {
	addDevice,
	type Daemon,
	type Launch,
	launch,
	mountDevices,
	type Place,
	preparePlace,
} from "../running/agent-session.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";
import { RELEASE } from "../worlds/world.js";

export const lateSession = fileURLToPath(import.meta.url);

/** With the alias of modprobe.d the agent is asked for a module that it cannot find. */
const world = {
	modules: { disk: ["bus"], bus: [], later: [] },
	aliases: { "x:disk": "disk", "x:later": "later" },
	config: "alias x:site later\n",
};

const lib = ({ folder }: Place) => join(folder, "lib");
const modules = (place: Place) => join(lib(place), "modules");
const release = (place: Place) => join(modules(place), RELEASE);
const index = (place: Place, name = "alias") => join(release(place), `modules.${name}.bin`);

/** Breaks something before the agent starts, and returns the function that repairs it. */
type Fault = (place: Place) => () => void | Promise<void>;

/** Renames the path for a while. */
function away(path: string): () => void {
	renameSync(path, `${path}.away`);
	return () => {
		rmSync(path, { recursive: true, force: true });
		renameSync(`${path}.away`, path);
	};
}

/** Changes the bytes of the file for a while. */
function otherBytes(path: string, damage: (whole: Buffer) => Buffer): () => void {
	const whole = readFileSync(path);
	writeFileSync(path, damage(whole));
	return () => writeFileSync(path, whole);
}

function closed(path: string, mode: number): () => void {
	chmodSync(path, 0);
	return () => chmodSync(path, mode);
}

const faults: Readonly<Record<string, Fault>> = {
	noLib: (place) => away(lib(place)),
	noModules: (place) => away(modules(place)),
	noRelease: (place) => away(release(place)),
	releaseIsFile(place) {
		const mend = away(release(place));
		writeFileSync(release(place), "");
		return mend;
	},
	releaseIsLink(place) {
		const mend = away(release(place));
		symlinkSync("gone", release(place));
		return mend;
	},
	noIndexes(place) {
		const mend = away(release(place));
		mkdirSync(release(place));
		return mend;
	},
	noDependencies: (place) => away(index(place, "dep")),
	noAliases: (place) => away(index(place)),
	noBuiltins: (place) => away(index(place, "builtin")),
	emptyIndex: (place) => otherBytes(index(place, "dep"), () => Buffer.alloc(0)),
	halfHeader: (place) => otherBytes(index(place), (whole) => whole.subarray(0, 5)),
	otherMagic: (place) => otherBytes(index(place), (whole) => Buffer.concat([Buffer.from("GIF8"), whole.subarray(4)])),
	otherVersion: (place) =>
		otherBytes(index(place), (whole) => Buffer.concat([whole.subarray(0, 4), Buffer.alloc(4, 9), whole.subarray(8)])),
	indexIsDirectory(place) {
		const mend = away(index(place));
		mkdirSync(index(place));
		return mend;
	},
	indexIsCircle(place) {
		const mend = away(index(place));
		symlinkSync("modules.alias.bin", index(place));
		return mend;
	},
	closedIndex: (place) => closed(index(place, "dep"), 0o644),
	closedDirectory: (place) => closed(release(place), 0o755),
	/** The repair is a mount, of which inotify tells nothing. */
	notMounted(place) {
		away(modules(place));
		mkdirSync(modules(place));
		return () => {
			execFileSync("mount", ["--bind", `${modules(place)}.away`, modules(place)]);
			process.prependListener("exit", () => void execFileSync("umount", ["-l", modules(place)]));
		};
	},
	/** A package manager unpacks the files slowly, with pauses. */
	slowly(place) {
		away(release(place));
		const from = `${release(place)}.away`;
		return async () => {
			for (const name of [
				"kernel",
				"modules.dep.bin",
				"modules.alias.bin",
				"modules.symbols.bin",
				"modules.builtin.bin",
			]) {
				mkdirSync(release(place), { recursive: true });
				execFileSync("cp", ["-r", join(from, name), release(place)]);
				await setTimeout(600);
			}
		};
	},
};

const unprivileged: Launch = {
	by: ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"],
};

const mark = ({ folder }: Place) => join(folder, "run/listening");

async function tell(place: Place, words: object): Promise<Record<string, unknown>> {
	const answer = await ask(join(place.folder, "run/control"), `${JSON.stringify(words)}\n`, 60_000);
	return JSON.parse(answer.toString());
}

const askToLoad = async (place: Place, line: string): Promise<string> =>
	(await ask(join(place.folder, "run/load"), `${line}\n`, 60_000)).toString().trim();

async function metrics(place: Place): Promise<Readonly<Record<string, number>>> {
	const text = String((await tell(place, { command: "metrics" })).text);
	const value = (name: string) => Number(new RegExp(`^hotplugd_${name} (.*)$`, "m").exec(text)?.[1]);
	return { missing: value("indexes_missing"), generation: value("index_generation") };
}

async function statusOf(place: Place) {
	const { status } = (await tell(place, { command: "status" })) as { status: Record<string, never> };
	const { state, counts, indexes } = status as Record<string, Record<string, unknown>>;
	return { state, unknown: counts!.aliases_unknown, generation: indexes!.generation, missing: indexes!.missing };
}

/** Everything that the agent says about its state. */
async function look(place: Place, daemon: Daemon) {
	const settled = await tell(place, { command: "settle" });
	const started = performance.now();
	const load = await tell(place, { command: "load", alias: "x:later" });
	const site = await tell(place, { command: "load", alias: "x:site" });
	return {
		settled,
		load,
		site: site.result,
		// Requests of the kernel ("k"), and requests whose answer nobody waits for ("n").
		answers: [await askToLoad(place, "k x:later"), await askToLoad(place, "n x:later")],
		soon: performance.now() - started < 20_000,
		status: await statusOf(place),
		metrics: await metrics(place),
		marked: existsSync(mark(place)),
		told: tellings(daemon).length,
		inserted: daemon.inserted(),
	};
}

/** Warnings and errors of the agent's log. */
const tellings = ({ log }: Daemon) => log.filter(({ level }) => level >= 40);

const isSettled = ({ log }: Daemon): boolean => log.some(({ msg }) => msg === "settled");
const isLive = (daemon: Daemon, module: string): boolean => daemon.inserted().includes(module);

async function lateBy(fault: Fault): Promise<unknown> {
	const place = preparePlace(world);
	addDevice("/devices/disk", "x:disk");
	// The mark that a killed agent has left.
	mkdirSync(join(place.folder, "run"), { mode: 0o700 });
	writeFileSync(mark(place), "");
	const mend = fault(place);
	const daemon = launch(place, unprivileged);
	await daemon.until(() => isSettled(daemon));
	// The agent hears of a new device, but cannot load its module yet.
	addDevice("/devices/later", "x:later");
	injectUevents([formatUevent("add", "/devices/later", [["MODALIAS", "x:later"]])]);
	const before = await look(place, daemon);
	const [first] = tellings(daemon);
	await mend();
	await daemon.until(() => ["bus", "disk", "later"].every((module) => isLive(daemon, module)));
	await daemon.until(() => existsSync(mark(place)));
	const after = await look(place, daemon);
	const ended = await daemon.stop();
	const why = String(first?.msg).replaceAll(place.folder, "");
	return JSON.parse(JSON.stringify({ why, before, after, ended }).replaceAll(place.folder, ""));
}

const sessions: Readonly<Record<string, () => Promise<unknown>>> = {
	...Object.fromEntries(Object.entries(faults).map(([name, fault]) => [name, () => lateBy(fault)])),

	/** The package with the modules is removed under a running agent, and comes back as it was. */
	async removed() {
		const place = preparePlace(world);
		addDevice("/devices/disk", "x:disk");
		const daemon = launch(place, unprivileged);
		await daemon.until(() => isLive(daemon, "disk") && isSettled(daemon));
		const mend = away(modules(place));
		await daemon.until(() => tellings(daemon).length > 0);
		const gone = { status: await statusOf(place), metrics: await metrics(place), marked: existsSync(mark(place)) };
		const told = tellings(daemon).map(({ msg }) => String(msg).replaceAll(place.folder, ""));
		// The module's file is missing: the insertion fails, and nothing announces the device again.
		addDevice("/devices/later", "x:later");
		injectUevents([formatUevent("add", "/devices/later", [["MODALIAS", "x:later"]])]);
		await daemon.until(() => daemon.log.some(({ module, result }) => module === "later" && result === "failed"));
		mend();
		await daemon.until(() => isLive(daemon, "later"));
		const looks = () => daemon.log.filter(({ msg }) => msg === "looked at all devices").length;
		await daemon.until(() => looks() === 2);
		await tell(place, { command: "settle" });
		const back = { status: await statusOf(place), metrics: await metrics(place) };
		const ended = await daemon.stop();
		return JSON.parse(JSON.stringify({ gone, told, back, ended }).replaceAll(place.folder, ""));
	},

	/**
	 * Files of the tree become links to themselves under a running agent, an index and one of the configuration. They are
	 * repaired one after the other.
	 */
	async circled() {
		const place = preparePlace(world);
		addDevice("/devices/disk", "x:disk");
		const daemon = launch(place, unprivileged);
		await daemon.until(() => isLive(daemon, "disk") && isSettled(daemon));
		const softdep = join(release(place), "modules.softdep");
		symlinkSync("modules.softdep", softdep);
		const mend = faults.indexIsCircle!(place) as () => void;
		await daemon.until(() => tellings(daemon).length > 0);
		const load = await tell(place, { command: "load", alias: "x:later" });
		const renewals = () => daemon.log.filter(({ msg }) => msg === "reloaded indexes and configuration").length;
		const renewedBy = (change: () => void) => {
			const before = renewals();
			change();
			return daemon.until(() => renewals() > before);
		};
		await renewedBy(mend);
		await renewedBy(() => rmSync(softdep));
		const { missing } = await statusOf(place);
		const told = tellings(daemon).map(({ msg }) => String(msg));
		const ended = await daemon.stop();
		return JSON.parse(JSON.stringify({ load, told, missing, ended }).replaceAll(place.folder, ""));
	},

	/** The settle request comes right after the mount: it is answered when the drivers are there, not before. */
	async settledAfter() {
		const place = preparePlace(world);
		addDevice("/devices/disk", "x:disk");
		const mend = away(modules(place));
		const daemon = launch(place, unprivileged);
		await daemon.until(() => isSettled(daemon));
		mend();
		const settled = await tell(place, { command: "settle" });
		const inserted = daemon.inserted();
		return { settled, inserted, ended: await daemon.stop() };
	},

	/** A kernel without loadable modules: its calls return ENOSYS, and /proc/modules does not exist. */
	async withoutModules() {
		const place = preparePlace(world);
		addDevice("/devices/disk", "x:disk");
		rmSync(join(place.folder, "proc-modules"));
		const ENOSYS = String(constants.errno.ENOSYS);
		const daemon = launch(place, { environment: { STANDIN_FINIT_MODULE: ENOSYS, STANDIN_INIT_MODULE: ENOSYS } });
		await daemon.until(() => isSettled(daemon));
		addDevice("/devices/later", "x:later");
		injectUevents([formatUevent("add", "/devices/later", [["MODALIAS", "x:later"]])]);
		const { inserted, ...rest } = await look(place, daemon);
		const known = Object.keys(world.modules);
		const [first] = tellings(daemon);
		const ended = await daemon.stop();
		const why = String(first?.msg);
		// The agent asks the kernel with a file that is no module (/dev/null) whether it has the system call at all.
		const questions = inserted.filter((module) => module === "/dev/null").length;
		return { why, ...rest, questions, inserted: inserted.filter((module) => known.includes(module)), ended };
	},

	/** A request in the spool stays there until it can be looked up. */
	async spooled() {
		const place = preparePlace(world);
		const mend = away(modules(place));
		const spool = join(place.folder, "run.spool");
		mkdirSync(spool, { mode: 0o700 });
		writeFileSync(join(spool, "1"), "n x:later\n");
		const daemon = launch(place, unprivileged);
		await daemon.until(() => isSettled(daemon));
		await tell(place, { command: "settle" });
		const kept = existsSync(join(spool, "1"));
		mend();
		await daemon.until(() => isLive(daemon, "later"));
		return { kept, ended: await daemon.stop() };
	},

	/** An index is truncated for a moment. */
	async truncated() {
		const place = preparePlace(world);
		truncateSync(index(place), 0);
		const daemon = launch(place, unprivileged);
		await daemon.until(() => isSettled(daemon));
		const reload = await tell(place, { command: "reload" });
		return { reload: String(reload.error).replaceAll(place.folder, ""), ended: await daemon.stop() };
	},
};

const session = sessions[process.argv[2] ?? ""];
if (process.argv[1] === lateSession && session) {
	mountDevices();
	console.log(JSON.stringify(await session()));
}

export const faultNames = Object.keys(faults);
