// Stops an agent while others ask for modules. The argument names the session; the result is printed as JSON.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ask } from "../../../src/linux/service/control-client.js";
import { takeSpooled } from "../../../src/linux/service/request-spool.js";
import {
	addDevice,
	type Daemon,
	launch,
	looked,
	mountDevices,
	type Place,
	preparePlace,
} from "../running/agent-session.js";
import { compileThinHelper } from "../running/thin-helper.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";
import { writeProgram } from "../running/written-program.js";

export const stopSession = fileURLToPath(import.meta.url);

/** Milliseconds after which a request counts as not answered. */
const LATE_MILLISECONDS = 20_000;

const named = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

function prepare(modules: Readonly<Record<string, readonly string[]>>, held: readonly string[]): Place {
	const aliases = Object.fromEntries(Object.keys(modules).map((name) => [`x:${name}`, name]));
	const place = preparePlace({ modules, aliases });
	const config = join(place.folder, "etc/modprobe.d/held.conf");
	writeFileSync(config, held.map((name) => `options ${name} standin.until=${place.folder}/go\n`).join(""));
	return place;
}

const pathOf = ({ folder }: Place, socket: "control" | "load"): string => join(folder, "run", socket);

/** The answer of the agent; empty when it closes the connection without one. Undefined when neither happens in time. */
function askToLoad(place: Place, line: string): Promise<string | undefined> {
	const socket = connect(pathOf(place, "load"));
	return new Promise((resolve) => {
		const end = (answer?: string) => {
			resolve(answer);
			socket.destroy();
		};
		socket.setEncoding("latin1").once("data", end);
		for (const event of ["end", "error", "close"]) socket.once(event, () => end(""));
		socket.setTimeout(LATE_MILLISECONDS, end);
		socket.write(`${line}\n`);
	});
}

async function askControl(place: Place, request: object): Promise<Readonly<Record<string, unknown>>> {
	return JSON.parse(
		(await ask(pathOf(place, "control"), `${JSON.stringify(request)}\n`, LATE_MILLISECONDS)).toString(),
	);
}

/** The exit status of the thin helper. Its modprobe exits with 7. */
async function help(place: Place, words: readonly string[], modalias?: string): Promise<number | null> {
	const env = { ...(modalias !== undefined && { MODALIAS: modalias }) };
	const child = spawn(compileThinHelper(30), words, { cwd: join(place.folder, "run"), env, stdio: "ignore" });
	const [status] = await once(child, "exit");
	return status;
}

const isStopping = (agent: Daemon) =>
	agent.until(() => agent.log.some(({ msg }) => /no further module or command begins/.test(msg)));

const spoolOf = ({ folder }: Place): string => join(folder, "run.spool");

const sessions: Readonly<Record<string, () => Promise<unknown>>> = {
	async requests() {
		const place = prepare({ held: [], needs: ["held"], later: ["held"], free: [] }, ["held"]);
		const agent = launch(place);
		await looked(agent);
		const calls = join(place.folder, "calls");
		writeProgram(join(place.folder, "run/modprobe"), `#!/bin/sh\necho "$*" >>'${calls}'\nexit 7\n`);
		const runs = askToLoad(place, "w x:held");
		await agent.until(() => agent.inserted().includes("held"));
		const waits = askToLoad(place, "k x:needs");
		const waitsByControl = askControl(place, { command: "load", alias: "x:needs" });
		const settles = askControl(place, { command: "settle" });
		const taken = await askToLoad(place, "n x:later");
		agent.process.kill("SIGTERM");
		await isStopping(agent);
		const stopping = {
			waits: await waits,
			waitsByControl: await waitsByControl,
			settles: await settles,
			kernel: await askToLoad(place, "k x:free"),
			user: await askToLoad(place, "w x:free"),
			noWait: await askToLoad(place, "n x:free"),
			load: await askControl(place, { command: "load", alias: "x:free", wait: false }),
			settle: await askControl(place, { command: "settle" }),
			reload: await askControl(place, { command: "reload" }),
			state: ((await askControl(place, { command: "status" })).status as { state: string }).state,
			metrics: (await askControl(place, { command: "metrics" })).ok,
			stop: await askControl(place, { command: "stop" }),
		};
		const helped = [
			await help(place, ["-q", "--", "x:free"]),
			await help(place, ["--no-wait"], "x:free"),
			readFileSync(calls, "utf8"),
		];
		writeFileSync(join(place.folder, "go"), "");
		const { status, stderr } = await agent.ended;
		const answered = await runs;
		const inserted = agent.inserted();
		const said = agent.log.filter(({ msg }) => msg.startsWith("left ")).map(({ alias }) => alias);
		const next = launch(place);
		await next.until(() => next.log.some(({ module }) => module === "later"));
		await next.stop();
		return { taken, stopping, helped, answered, inserted, said, ended: { status, stderr }, later: next.inserted() };
	},

	/** Without modprobe, the helper leaves a request that nobody waits for in the spool. */
	async spooled() {
		const place = prepare({ held: [], free: [] }, ["held"]);
		const agent = launch(place);
		await looked(agent);
		void askToLoad(place, "w x:held");
		await agent.until(() => agent.inserted().includes("held"));
		agent.process.kill("SIGTERM");
		await isStopping(agent);
		const status = await help(place, ["--no-wait"], "x:free");
		// The helper's spool is in the directory where it runs.
		const lines = takeSpooled(join(place.folder, "run/spool")).map(String);
		writeFileSync(join(place.folder, "go"), "");
		await agent.ended;
		return { status, lines };
	},

	/** Requests were taken from the spool, and the agent was stopped before they could begin. */
	async takenFromSpool() {
		const modules = { held: [], ...Object.fromEntries(named("m", 5).map((name) => [name, ["held"]])) };
		const place = prepare(modules, ["held"]);
		// Files as the helper writes them.
		const names = named("m", 5);
		for (const [i, letter] of ["k", "w", "n", "k", "n"].entries()) putInSpool(place, `${letter} x:${names[i]}`, i);
		const agent = launch(place);
		await agent.until(() => agent.inserted().includes("held"));
		await agent.until(() => agent.log.some(({ msg }) => msg.startsWith("took the load requests")));
		agent.process.kill("SIGTERM");
		await isStopping(agent);
		writeFileSync(join(place.folder, "go"), "");
		await agent.ended;
		return { inserted: agent.inserted(), lines: takeSpooled(spoolOf(place)).map(String) };
	},

	/** A companion has accepted a rule's command, and does not answer. */
	async command() {
		const place = prepare({}, []);
		const rules = join(place.folder, "rules");
		mkdirSync(rules);
		const rule = '[[run]]\naction = "add"\ndevpath = "/devices/one"\ncommand = ["/bin/true"]\n';
		writeFileSync(join(rules, "mine.toml"), rule);
		const path = join(place.folder, "companion");
		const mute = createServer((socket) => socket.resume()).listen(path);
		const asked = once(mute, "connection");
		const agent = launch(place, { words: ["--policy", rules, "--command-socket", path] });
		await looked(agent);
		addDevice("/devices/one", "x:none");
		injectUevents([formatUevent("add", "/devices/one", [["MODALIAS", "x:none"]])]);
		await asked;
		agent.process.kill("SIGTERM");
		await isStopping(agent);
		const said = agent.log.find(({ msg }) => /no further module or command begins/.test(msg));
		agent.process.kill("SIGKILL");
		await agent.ended;
		const commands = said?.commands as readonly string[] | undefined;
		return { commands: commands?.map((one) => one.replaceAll(place.folder, "")), running: said?.running };
	},

	/** Requests arrive all the time: before the stop, while the agent stops, and while it closes its sockets. */
	async storm() {
		const names = named("m", 400);
		const place = prepare({ held: [], ...Object.fromEntries(names.map((name) => [name, []])) }, ["held"]);
		const agent = launch(place);
		await looked(agent);
		void askToLoad(place, "w x:held");
		await agent.until(() => agent.inserted().includes("held"));
		const answers = new Map<string, string | undefined>();
		const asking: Promise<void>[] = [];
		let next = 0;
		const askForNext = (): void => {
			const name = names[next++];
			if (name === undefined) return;
			asking.push(askToLoad(place, `n x:${name}`).then((answer) => void answers.set(name, answer)));
		};
		const answered = (answer: string) => [...answers.values()].includes(answer);
		while (!answered("0\n")) {
			askForNext();
			await setTimeout(5);
		}
		agent.process.kill("SIGTERM");
		while (!answered("2\n") && next < 300) {
			askForNext();
			await setTimeout(5);
		}
		writeFileSync(join(place.folder, "go"), "");
		for (; next < names.length; await setTimeout(1)) askForNext();
		await Promise.all([agent.ended, ...asking]);
		const spooled = new Set(takeSpooled(spoolOf(place)).map((line) => String(line).slice("n x:".length)));
		const inserted = new Set(agent.inserted());
		const withAnswer = (answer: string | undefined) => names.filter((name) => answers.get(name) === answer);
		return {
			taken: withAnswer("0\n").length,
			refused: withAnswer("2\n").length,
			closed: withAnswer("").length,
			waiting: withAnswer(undefined).length,
			dropped: withAnswer("0\n").filter((name) => !inserted.has(name) && !spooled.has(name)),
		};
	},
};

function putInSpool(place: Place, line: string, number: number): void {
	mkdirSync(spoolOf(place), { recursive: true });
	writeFileSync(join(spoolOf(place), `00000000000${number}.000000000.1`), `${line}\n`);
}

const [, program, name = ""] = process.argv;
const session = sessions[name];
if (program === stopSession && session) {
	mountDevices();
	console.log(JSON.stringify(await session()));
	process.exit();
}
