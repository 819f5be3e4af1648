// Runs an agent that gets settle requests, from outside and from descendants of the commands that it runs. The argument names the
// session; the result is printed as JSON.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Settings } from "../../../src/agent/settings/settings.js";
import { serveCompanion } from "../fakes/companion.js";
import {
	addDevice,
	type Daemon,
	launch,
	looked,
	mountDevices,
	type Place,
	preparePlace,
} from "../running/agent-session.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";
import type { World } from "../worlds/world.js";
import { worldWords } from "../worlds/world-folder.js";

export const settleSession = fileURLToPath(import.meta.url);

const world = (more: Partial<World> = {}): World => ({
	modules: { m: [], n: [], needs: ["m"] },
	aliases: { "x:m": "m", "x:n": "n", "x:needs": "needs" },
	...more,
});

type Asked = { readonly status: number | null; readonly stderr: string };

const words = (place: Place, timeoutSeconds: number): readonly string[] => [
	...["dist/main.js", "settle", "--timeout", String(timeoutSeconds), "--socket", join(place.folder, "run/control")],
];

async function settle(place: Place, timeoutSeconds = 60): Promise<Asked> {
	const child = spawn(process.execPath, words(place, timeoutSeconds), { stdio: ["ignore", "ignore", "pipe"] });
	const ended = once(child, "exit");
	const stderr = await text(child.stderr);
	const [status] = await ended;
	return { status, stderr };
}

function plug(device: string, alias: string, action = "add"): void {
	if (action === "add") addDevice(`/devices/${device}`, alias);
	injectUevents([
		formatUevent(action, `/devices/${device}`, [
			["MODALIAS", alias],
			["SUBSYSTEM", "x"],
		]),
	]);
}

/** A line of sh that asks the agent, and leaves the exit status and the message in files of that name. */
function asking(place: Place, name: string, command: readonly string[] = ["settle", "--timeout", "20"]): string {
	const at = join(place.folder, name);
	const asks = [process.execPath, "dist/main.js", ...command, "--socket", join(place.folder, "run/control")];
	return `cd '${process.cwd()}'; ${inShell(asks)} 2>'${at}.said'; echo $? >'${at}.new'; mv '${at}.new' '${at}'`;
}

const answered = (place: Place, name: string): Asked => ({
	status: Number(readFileSync(join(place.folder, name), "utf8")),
	stderr: readFileSync(join(place.folder, `${name}.said`), "utf8"),
});

const hasAnswer = (place: Place, ...names: readonly string[]) =>
	names.every((name) => existsSync(join(place.folder, name)));

/** A line of sh that waits until the file of that folder exists. */
const waiting = (place: Place, file: string) => `until [ -e '${join(place.folder, file)}' ]; do sleep 0.02; done`;

const release = (place: Place, file: string): void => writeFileSync(join(place.folder, file), "");

type Commands = Readonly<Record<string, string>>;

/** Starts an agent that runs a line of sh for each device of that name, by the companion if `byCompanion`. */
async function withCommands(place: Place, commands: Commands, byCompanion: boolean) {
	const rules = join(place.folder, "rules");
	mkdirSync(rules);
	const rule = ([device, line]: [string, string]) =>
		`[[run]]\naction = "add"\ndevpath = "/devices/${device}"\ntimeout_seconds = 60\ncommand = ${JSON.stringify(["/bin/sh", "-c", line])}\n`;
	writeFileSync(join(rules, "mine.toml"), Object.entries(commands).map(rule).join("\n"));
	const policy = ["--policy", rules];
	const path = join(place.folder, "companion");
	const companion = byCompanion ? await serveCompanion(path, [...worldWords(place.folder), ...policy]) : undefined;
	const agent = launch(place, { words: [...policy, ...(companion ? ["--command-socket", path] : [])] });
	await looked(agent);
	return agent;
}

const toldOf = (agent: Daemon) =>
	agent.log.filter(({ not_waited_for }) => not_waited_for !== undefined).map(({ not_waited_for }) => not_waited_for);

const settings = (more: Partial<Settings> = {}): Partial<Settings> => ({ quiet_milliseconds: 100, ...more });

const inShell = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(" ");

const loadByControl = ({ folder }: Place, alias: string): string =>
	`cd '${process.cwd()}'; ${inShell([process.execPath, "dist/main.js", "load", "--socket", `${folder}/run/control`, alias])}`;

/** A command that sends a line to the load socket. A line that begins with "w" asks for an answer. */
const loadByHelper = ({ folder }: Place, alias: string): string => {
	// No backslash: modprobe.d would interpret it.
	const line = `"w ${alias}"+String.fromCharCode(10)`;
	const script = `const c=require("net").connect("${folder}/run/load");c.write(${line});c.on("data",()=>process.exit())`;
	return inShell([process.execPath, "-e", script]);
};

/** A command of policy waits for a module; the module's install command asks to settle. */
async function loadFromRule(byCompanion: boolean, load: (place: Place, alias: string) => string): Promise<unknown> {
	const place = preparePlace(world(), settings({ hung_seconds: 60 }));
	writeFileSync(join(place.folder, "etc/modprobe.d/install.conf"), `install m { ${asking(place, "below")}; }\n`);
	const agent = await withCommands(place, { one: load(place, "x:m") }, byCompanion);
	plug("one", "x:none");
	const outside = await settle(place);
	await agent.stop();
	return { outside, ...answered(place, "below") };
}

const sessions: Readonly<Record<string, (byCompanion: boolean) => Promise<unknown>>> = {
	/** The last events do not fit into the receive buffer: only the kernel's count of drops tells of them. */
	async lost() {
		addDevice("/devices/first", "x:none");
		const place = preparePlace(world(), { quiet_milliseconds: 600_000 });
		const agent = launch(place);
		await looked(agent);
		const storm = Array.from({ length: 20_000 }, (_, i) => {
			const device = `/devices/virtual/block/n${i % 100}`;
			return ["add", "remove"].map((action) => formatUevent(action, device, [["SUBSYSTEM", "block"]]));
		});
		agent.process.kill("SIGSTOP");
		injectUevents(storm.flat());
		plug("last", "x:m");
		agent.process.kill("SIGCONT");
		const asked = await settle(place);
		const inserted = agent.inserted();
		const drops = agent.drops();
		await agent.stop();
		return { asked, inserted, drops };
	},

	async commands(byCompanion) {
		const place = preparePlace(world(), settings());
		const agent = await withCommands(place, { slow: waiting(place, "go") }, byCompanion);
		plug("slow", "x:none");
		const early = settle(place, 1);
		const outside = settle(place);
		const { status, stderr } = await early;
		release(place, "go");
		const asked = await outside;
		await agent.stop();
		return { early: { status, stderr: stderr.replaceAll(place.folder, "") }, asked };
	},

	async below(byCompanion) {
		const place = preparePlace(world(), settings({ commands_at_once: 2 }));
		const commands = {
			one: asking(place, "below-one"),
			two: asking(place, "below-two"),
			three: asking(place, "below-three"),
		};
		const agent = await withCommands(place, commands, byCompanion);
		for (const device of ["one", "two", "three"]) plug(device, "x:none");
		plug("one", "x:none");
		const outside = await settle(place);
		const all = hasAnswer(place, "below-one", "below-two", "below-three");
		const answers = ["below-one", "below-two", "below-three"].map((name) => answered(place, name));
		const told = toldOf(agent).length;
		await agent.stop();
		return { outside, all, answers, told, folder: place.folder };
	},

	/** An orphan, whose parent has ended, still counts as a descendant. */
	async orphan(byCompanion) {
		const place = preparePlace(world(), settings());
		const orphan = `{ sh -c 'true; ${asking(place, "orphan").replaceAll("'", `'\\''`)}' & }`;
		const line = `sh -c '${orphan.replaceAll("'", `'\\''`)}'; ${waiting(place, "orphan")}`;
		const agent = await withCommands(place, { one: line }, byCompanion);
		plug("one", "x:none");
		await agent.until(() => hasAnswer(place, "orphan"));
		await agent.stop();
		return answered(place, "orphan");
	},

	async install(byCompanion) {
		const place = preparePlace(world(), settings());
		const file = join(place.folder, "etc/modprobe.d/install.conf");
		writeFileSync(file, `install m { ${asking(place, "install")}; }\n`);
		const agent = await withCommands(place, {}, byCompanion);
		plug("needs", "x:needs");
		const outside = await settle(place);
		const asked = hasAnswer(place, "install") && answered(place, "install");
		const inserted = agent.inserted();
		await agent.stop();
		return { outside, asked, inserted };
	},

	/** An orphan still counts as a descendant of the install command that waits for it. */
	async installOrphan(byCompanion) {
		const place = preparePlace(world(), settings());
		const left = join(place.folder, "left.sh");
		writeFileSync(left, asking(place, "orphan"));
		const file = join(place.folder, "etc/modprobe.d/install.conf");
		// The shell between the two ends at once.
		writeFileSync(file, `install m { sh -c 'sh "${left}" &'; ${waiting(place, "orphan")}; }\n`);
		const agent = await withCommands(place, {}, byCompanion);
		plug("m", "x:m");
		const outside = await settle(place);
		await agent.stop();
		return { outside, ...answered(place, "orphan") };
	},

	loadByControl: (byCompanion) => loadFromRule(byCompanion, loadByControl),

	loadByHelper: (byCompanion) => loadFromRule(byCompanion, loadByHelper),

	/** The install command of one module waits for another module, whose install command asks for a reload. */
	async reload(byCompanion) {
		const place = preparePlace(world(), settings({ hung_seconds: 60 }));
		const file = join(place.folder, "etc/modprobe.d/install.conf");
		const reload = asking(place, "reload", ["reload"]);
		writeFileSync(file, `install m { ${reload}; }\ninstall n { ${loadByHelper(place, "x:m")}; }\n`);
		const agent = await withCommands(place, {}, byCompanion);
		plug("n", "x:n");
		// The time is shorter than hung_seconds.
		const outside = await settle(place, 30);
		const asked = hasAnswer(place, "reload") && answered(place, "reload");
		agent.process.kill("SIGKILL");
		return { outside, ...asked };
	},

	/** Two install commands and two commands of policy ask all at once. */
	async crowd(byCompanion) {
		const place = preparePlace(world(), settings({ parallel: 2, commands_at_once: 2 }));
		const file = join(place.folder, "etc/modprobe.d/install.conf");
		writeFileSync(file, `install m { ${asking(place, "m")}; }\ninstall n { ${asking(place, "n")}; }\n`);
		const commands = { m: asking(place, "one"), n: asking(place, "two") };
		const agent = await withCommands(place, commands, byCompanion);
		for (const name of ["m", "n"]) plug(name, `x:${name}`);
		const outside = await settle(place);
		const names = ["m", "n", "one", "two"];
		const statuses = hasAnswer(place, ...names) && names.map((name) => answered(place, name).status);
		await agent.stop();
		return { outside, statuses };
	},

	/** A client that closes its connection: the agent does not go on with its request. */
	async gone() {
		const place = preparePlace(world({ config: `options m standin.until=/nowhere/at/all` }), settings());
		const agent = launch(place);
		await looked(agent);
		plug("m", "x:m");
		await agent.until(() => agent.inserted().includes("m"));
		const control = join(place.folder, "run/control");
		const sockets = () => readdirSync(`/proc/${agent.process.pid}/fd`).length;
		const before = sockets();
		const clients = Array.from({ length: 64 }, () => {
			const client = connect(control).on("error", () => {});
			client.write('{"command":"settle","timeout_milliseconds":2147483647}\n{"command":"status"}\n');
			return client;
		});
		const reads = () => Number(/^syscr: (\d+)/m.exec(readFileSync(`/proc/${agent.process.pid}/io`, "latin1"))?.[1]);
		while (sockets() < before + clients.length) await setTimeout(20);
		await setTimeout(500);
		for (const client of clients) client.destroy();
		// The agent notices a closed connection within about a second.
		const over = performance.now() + 30_000;
		while (sockets() > before && performance.now() < over) await setTimeout(20);
		const left = sockets() - before;
		const { status } = await settle(place, 0);
		const read = reads();
		await setTimeout(2000);
		const readsMeanwhile = reads() - read;
		agent.process.kill("SIGKILL");
		return { status, left, readsMeanwhile };
	},
};

const [, program, name = "", by] = process.argv;
const session = sessions[name];
if (program === settleSession && session) {
	mountDevices();
	console.log(JSON.stringify(await session(by === "companion")));
	process.exit();
}
