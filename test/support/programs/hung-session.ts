// Runs coldplug, or the agent, with a driver whose init does not return before a certain file exists. The argument names the
// scenario; the result is printed as JSON.

import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Settings } from "../../../src/agent/settings/settings.js";
import { ask } from "../../../src/linux/service/control-client.js";
import { standinEnvironment } from "../fakes/standin.js";
import { addDevice, type Daemon, launch, mountDevices, type Place, preparePlace } from "../running/agent-session.js";
import { worldWords } from "../worlds/world-folder.js";

export const hungSession = fileURLToPath(import.meta.url);

const others = ["m0", "m1", "m2"];

/** A place with these modules, each with a device. `configOf` gives the configuration: which of them wait for the file. */
function prepare(
	names: readonly string[],
	configOf: (until: string) => string,
	settings: Partial<Settings> = { hung_seconds: 1 },
): Place {
	for (const name of names) addDevice(`/devices/${name}`, `x:${name}`);
	const place = preparePlace(
		{
			modules: Object.fromEntries(names.map((name) => [name, []])),
			aliases: Object.fromEntries(names.map((name) => [`x:${name}`, name])),
		},
		settings,
	);
	writeFileSync(join(place.folder, "modprobe.conf"), configOf(join(place.folder, "released")));
	return place;
}

const stuckUntil = (file: string): string => `options stuck standin.until=${file}\n`;

/** Releases the modules. Resolves when no insertion process is left. */
async function release({ folder }: Place): Promise<boolean> {
	writeFileSync(join(folder, "released"), "");
	return until(() => listInsertionProcesses().length === 0);
}

const begin = (place: Place, ...words: readonly string[]): Daemon =>
	launch(place, { command: "coldplug", words: ["-C", join(place.folder, "modprobe.conf"), "--json", ...words] });

const told = ({ log }: Daemon, kind: string): boolean => log.some((line) => line.kind === kind);
const isHung = (daemon: Daemon) => () => told(daemon, "hung");

/** Insertion processes of this session, with the script that node runs in each. */
function listInsertionProcesses(): { pid: number; script: string }[] {
	return readdirSync("/proc")
		.filter((name) => /^\d+$/.test(name))
		.flatMap((pid) => {
			try {
				const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
				const script = words.find((word) => word.endsWith("/insertion-process.js"));
				return script && isOurs(Number(pid)) ? [{ pid: Number(pid), script }] : [];
			} catch {
				return [];
			}
		});
}

/** Whether a process is of this session: no other session shares this mount namespace. */
function isOurs(pid: number): boolean {
	return readFileSync(`/proc/${pid}/mountinfo`, "utf8") === readFileSync("/proc/self/mountinfo", "utf8");
}

async function until(condition: () => boolean): Promise<boolean> {
	for (const over = performance.now() + 60_000; performance.now() < over; await setTimeout(20))
		if (condition()) return true;
	return false;
}

async function stopBy(signal: NodeJS.Signals): Promise<object> {
	const place = prepare([...others, "stuck"], stuckUntil);
	// The quiet time never passes, so that only the signal ends coldplug.
	const coldplug = begin(place, "--quiet", "1000000");
	await coldplug.until(isHung(coldplug));
	const ended = await coldplug.stop(signal);
	await release(place);
	return ended;
}

/** A place with so many drivers that hang, and one behind them that does not. */
function prepareMany(count: number): Place {
	const names = [...Array.from({ length: count }, (_, n) => `h${String(n).padStart(2, "0")}`), "zgood"];
	const isGood = (name: string): boolean => name === "zgood";
	const options = (until: string) =>
		names.map((name) => (isGood(name) ? "" : `options ${name} standin.until=${until}\n`)).join("");
	return prepare(names, options, { hung_seconds: 1, parallel: 32 });
}

async function endMany(count: number): Promise<object> {
	const place = prepareMany(count);
	const coldplug = begin(place);
	const { status, stderr } = await coldplug.ended;
	const lines = stderr.trimEnd().split("\n");
	const hang = lines.filter((line) => line.includes(" hangs: it has not ended after "));
	const waiting = /^coldplug: modules not begun, since the modules that they wait for have not ended: (.*)$/m.exec(
		stderr,
	)?.[1];
	await release(place);
	return {
		status,
		begun: coldplug.inserted().length,
		good: coldplug.inserted().includes("zgood"),
		hang: hang.length,
		goodHangs: hang.some((line) => line.includes("zgood")),
		notBegun: waiting?.split(", ").length ?? 0,
	};
}

const scenarios: Readonly<Record<string, () => Promise<object>>> = {
	async settled() {
		const place = prepare([...others, "stuck"], stuckUntil);
		const coldplug = begin(place);
		const { status, stderr } = await coldplug.ended;
		const left = listInsertionProcesses().map(({ script }) => script.replace(/.*\//, ""));
		const gone = await release(place);
		return { status, stderr, stdout: "", inserted: coldplug.inserted().sort(), left, gone };
	},

	async substituted() {
		const place = prepare(["stuck"], stuckUntil);
		const words = ["coldplug", "-q", ...worldWords(place.folder), "-C", join(place.folder, "modprobe.conf")];
		const script = `printed=$("$@" 2>&1; echo status $?); echo "$printed"`;
		const command = [process.execPath, "dist/main.js", ...words, "--config", place.settingsFile];
		const printed = await new Promise<string>((resolve, reject) =>
			execFile(
				"sh",
				["-c", script, "sh", ...command],
				{ env: { ...process.env, ...standinEnvironment(place.record) } },
				(error, stdout) => (error ? reject(error) : resolve(stdout.trimEnd())),
			),
		);
		await release(place);
		return { printed };
	},

	many: async () => ({ few: await endMany(64), many: await endMany(100) }),

	async "many agent"() {
		const place = prepareMany(100);
		const agent = launch(place, { words: ["-C", join(place.folder, "modprobe.conf")] });
		await agent.until(() => agent.log.some(({ msg }) => msg === "settled"));
		const inserted = { begun: agent.inserted().length, good: agent.inserted().includes("zgood") };
		const request = `${JSON.stringify({ command: "load", alias: "x:zgood" })}\n`;
		const asked = JSON.parse((await ask(join(place.folder, "run/control"), request, 60_000)).toString());
		const ended = await agent.stop();
		await release(place);
		return { inserted, asked, ended };
	},

	SIGTERM: () => stopBy("SIGTERM"),
	SIGINT: () => stopBy("SIGINT"),

	async signalled() {
		const place = prepare(["slow"], (file) => `options slow standin.until=${file}\n`, { hung_seconds: 60 });
		const coldplug = begin(place);
		await coldplug.until(() => coldplug.inserted().length > 0);
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
			for (const { pid } of listInsertionProcesses()) process.kill(pid, signal);
		coldplug.process.kill("SIGTERM");
		await setTimeout(200);
		await release(place);
		const { status } = await coldplug.ended;
		const inserted = coldplug.log.filter(({ result }) => result === "inserted").map(({ module }) => module);
		return { status, inserted, begun: coldplug.inserted().length };
	},

	async command() {
		const place = prepare(
			["stuck"],
			(file) => `install stuck while [ -d ${dirname(file)} -a ! -e ${file} ]; do sleep 0.1; done\n`,
		);
		// The install command inherits coldplug's output. A file does not keep this process waiting; a pipe would.
		const words = ["-C", join(place.folder, "modprobe.conf"), "--json"];
		const { status, stderr } = await launch(place, { command: "coldplug", words, logsToFile: true }).ended;
		await release(place);
		return { status, stderr };
	},

	async killed() {
		const place = prepare([...others, "stuck"], stuckUntil);
		const coldplug = begin(place, "--quiet", "1000");
		// Other insertions in flight would be begun again as well, so they must have ended.
		const hasEnded = (name: string) =>
			coldplug.log.some(({ module, result }) => module === name && result === "inserted");
		await coldplug.until(() => coldplug.inserted().includes("stuck") && others.every(hasEnded));
		for (const { pid } of listInsertionProcesses()) process.kill(pid, "SIGKILL");
		const { status, stderr } = await coldplug.ended;
		await release(place);
		return { status, stderr, inserted: coldplug.inserted().sort() };
	},

	async agent() {
		const place = prepare(["stuck"], stuckUntil);
		const words = ["-C", join(place.folder, "modprobe.conf")];
		const agent = launch(place, { words, logsToFile: true });
		await agent.until(() => agent.log.some(({ msg }) => msg.includes("has not ended after")));
		const ended = await agent.stop();
		const [last, next] = agent.log.slice(-2);
		await release(place);
		return { ended, last: [last?.msg, last?.running, last?.hung], next: next?.msg };
	},
};

if (process.argv[1] === hungSession) {
	mountDevices();
	const scenario = scenarios[process.argv[2] ?? ""];
	if (scenario === undefined || !existsSync("dist/main.js")) throw new Error(`no such scenario: ${process.argv[2]}`);
	console.log(JSON.stringify(await scenario()));
	// A hung insertion must not keep this process alive.
	process.exit(0);
}
