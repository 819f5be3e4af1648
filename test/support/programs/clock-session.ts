// Runs an agent whose wall clock is set while the agent waits. Arguments: coldplug or run, and by how many milliseconds the clock
// is set. Prints as JSON the time of each wait in milliseconds of CLOCK_MONOTONIC, from one observed event to the next: on a busy
// machine that is longer than the wait itself, and never shorter.

import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ask } from "../../../src/linux/service/control-client.js";
import { readRecord, standinEnvironment } from "../fakes/standin.js";
import { makeSteppedClock, type SteppedClock } from "../fakes/stepped-clock.js";
import {
	addDevice,
	type Daemon,
	type Launch,
	type LogLine,
	launch,
	looked,
	mountDevices,
	type Place,
	preparePlace,
} from "../running/agent-session.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";

export const clockSession = fileURLToPath(import.meta.url);

/** Milliseconds of CLOCK_MONOTONIC, the clock of the stand-in's records. */
const now = (): number => Number(process.hrtime.bigint() / 1_000_000n);

const names = ["a", "b", "bad", "hang"];
/** standin.errno=8 is ENOEXEC. */
const config = "options bad standin.errno=8\noptions hang standin.until=/sys/devices/release\n";
const world = {
	modules: Object.fromEntries(names.map((name) => [name, []])),
	aliases: Object.fromEntries(names.map((name) => [`x:${name}`, name])),
	config,
};

function plug(module: string, device = module): void {
	addDevice(`/devices/${device}`, `x:${module}`);
	injectUevents([formatUevent("add", `/devices/${device}`, [["MODALIAS", `x:${module}`]])]);
}

type Session = { readonly place: Place; readonly clock: SteppedClock; readonly agent: Daemon; step(): void };

function begin(place: Place, milliseconds: number, options: Launch): Session {
	const clock = makeSteppedClock(join(place.folder, "clock"));
	const preloaded = `${standinEnvironment(place.record).LD_PRELOAD}:${clock.library}`;
	const environment = { ...clock.environment, LD_PRELOAD: preloaded, STANDIN_TIMES: "1" };
	const agent = launch(place, { ...options, environment });
	let steps = 0;
	// Each step goes further in the same direction, so that each wait meets a step of its own.
	return { place, clock, agent, step: () => clock.setAhead(milliseconds * ++steps) };
}

/** Times at which insertions of a module began, in milliseconds of CLOCK_MONOTONIC. */
const begun = ({ place }: Session, module: string): readonly number[] =>
	readRecord(place.record)
		.filter(({ file }) => String(file).endsWith(`/${module}.ko`))
		.map(({ at }) => Number(at));

const says =
	({ agent }: Session, text: RegExp) =>
	(): boolean =>
		agent.log.some(({ msg }) => text.test(msg));

async function coldplug(milliseconds: number): Promise<object> {
	addDevice("/devices/a", "x:a");
	const session = begin(preparePlace(world), milliseconds, { command: "coldplug", words: ["--quiet", "1000"] });
	const { agent } = session;
	const ended = once(agent.process, "exit").then(now);
	await agent.until(() => begun(session, "a").length > 0);
	const over = now() + 600;
	await agent.until(() => now() >= over);
	plug("b");
	await agent.until(() => begun(session, "b").length > 0);
	session.step();
	await agent.until(() => agent.process.exitCode !== null || agent.process.signalCode !== null);
	const { status, stderr } = await agent.ended;
	return { quiet: (await ended) - begun(session, "b")[0]!, status, stderr };
}

/** Rules with a command that creates the file `mark` and then runs until it is killed. */
const rules = (mark: string) => `
[[run]]
action = "add"
subsystem = "slow"
command = ["/bin/sh", "-c", ': >"$0"; exec sleep 1000', "${mark}"]
timeout_seconds = 0.5
`;

async function run(milliseconds: number): Promise<object> {
	const settings = { hung_seconds: 4, metrics_seconds: 1, quiet_milliseconds: 500 };
	const place = preparePlace(world, { ...settings, metrics_file: "/sys/devices/hotplugd.prom" });
	const policy = join(place.folder, "rules");
	mkdirSync(policy);
	const commandRuns = join(place.folder, "command-runs");
	writeFileSync(join(policy, "slow.toml"), rules(commandRuns));
	const session = begin(place, milliseconds, { words: ["--policy", policy] });
	const { agent, step } = session;
	const tell = async (words: object) =>
		JSON.parse((await ask(join(place.folder, "run/control"), `${JSON.stringify(words)}\n`, 60_000)).toString());
	await looked(agent);
	const waits: Record<string, () => Promise<unknown>> = {
		async settled() {
			const since = now();
			step();
			await agent.until(says(session, /^settled$/));
			return now() - since > 0;
		},
		async backOff() {
			plug("bad");
			await agent.until(says(session, /^bad: /));
			step();
			plug("bad", "bad-other");
			await agent.until(() => begun(session, "bad").length === 2);
			const [first = 0, second = 0] = begun(session, "bad");
			return second - first;
		},
		async commandLimit() {
			injectUevents([formatUevent("add", "/devices/slow", [["SUBSYSTEM", "slow"]])]);
			await agent.until(() => existsSync(commandRuns));
			step();
			const isOver = ({ result }: LogLine) => result === "timed out";
			await agent.until(() => agent.log.some(isOver));
			return agent.log.find(isOver)!.milliseconds;
		},
		async settleLimit() {
			plug("hang");
			await agent.until(() => begun(session, "hang").length > 0);
			const since = now();
			const answer = tell({ command: "settle", timeout_milliseconds: 500 });
			step();
			const { settled } = await answer;
			return settled ? "settled" : now() - since;
		},
		async hung() {
			step();
			const isHung = ({ module, msg }: LogLine) => module === "hang" && /has not ended/.test(msg);
			await agent.until(() => agent.log.some(isHung));
			const { status } = await tell({ command: "status" });
			return status.in_flight[0].milliseconds;
		},
		async metrics() {
			await agent.until(() => existsSync("/sys/devices/hotplugd.prom"));
			rmSync("/sys/devices/hotplugd.prom");
			step();
			await agent.until(() => existsSync("/sys/devices/hotplugd.prom"));
			return true;
		},
		async reload() {
			// A reload waits for modules in flight, apart from hung ones.
			writeFileSync("/sys/devices/release", "");
			await agent.until(() => agent.log.some(({ module, result }) => module === "hang" && result === "inserted"));
			const since = now();
			writeFileSync(join(place.folder, "etc/modprobe.d/more.conf"), "blacklist b\n");
			step();
			await agent.until(says(session, /^files have changed: indexes and configuration were reloaded/));
			return now() - since;
		},
	};
	const took: Record<string, unknown> = {};
	for (const [name, wait] of Object.entries(waits)) took[name] = await wait();
	const { status } = await tell({ command: "status" });
	const { status: exitStatus, stderr } = await agent.stop();
	return { ...took, uptime: status.milliseconds, exitStatus, stderr };
}

if (process.argv[1] === clockSession) {
	const [, , name, milliseconds] = process.argv;
	mountDevices();
	console.log(JSON.stringify(await (name === "run" ? run : coldplug)(Number(milliseconds))));
}
