import test from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import type { Timeline } from "../../../src/agent/timeline/timeline.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { run } from "../../../src/tools/agent/run.js";
import { heard } from "../../support/fakes/fake-kernel.js";
import { type FakeMachine, type FakeMachineOptions, makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { until } from "../../support/running/until.js";
import { configFile, type World } from "../../support/worlds/world.js";

const world: World = {
	modules: { card: ["base"], base: [], stick: [] },
	aliases: { "x:card": "card", "x:stick": "stick" },
};

const quick = { "/etc/hotplugd.toml": "quiet_milliseconds = 5" };

function start(options: Partial<FakeMachineOptions> = {}) {
	const machine = makeFakeMachine({ world, devices: { card: "x:card" }, files: quick, ...options });
	return { machine, ended: run.start([], machine) };
}

type Line = { readonly level: number; readonly msg: string; readonly [field: string]: unknown };

const log = (machine: FakeMachine): readonly Line[] =>
	machine
		.printed()
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line));

/** Resolves with the matching line as soon as the log has it. The timeout is that of `until` when absent. */
async function logged(machine: FakeMachine, wanted: RegExp, timeoutMilliseconds?: number): Promise<Line> {
	const find = () => log(machine).find(({ msg }) => wanted.test(msg));
	await until(() => find() !== undefined, timeoutMilliseconds);
	return find()!;
}

const INFO = 30;
const WARN = 40;
const ERROR = 50;

test("it loads what is there, then what is plugged in, until SIGTERM", async (t) => {
	const { machine, ended } = start();
	t.like(await logged(machine, /^card: inserted/), { level: INFO, batch: 1, module: "card", device: "/devices/card" });
	t.like(await logged(machine, /^settled/), { level: INFO });
	await machine.plugIn("usb/stick", "x:stick");
	t.like(await logged(machine, /^stick: inserted/), { batch: 2, device: "/devices/usb/stick", alias: "x:stick" });
	t.is(machine.sockets(), 1);
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
	t.is(machine.sockets(), 0);
	t.deepEqual(
		log(machine).map(({ msg }) => msg),
		[
			"read the configuration",
			"listening for uevents",
			"looked at all devices",
			"base: inserted",
			"card: inserted",
			"settled",
			"stick: inserted",
			"SIGTERM: no further module or command begins; waiting for those that run",
			"stopped",
		],
	);
	t.is(machine.complained(), "");
});

test("at SIGTERM it names what runs, awaits it and begins nothing more", async (t) => {
	const { machine, ended } = start({ held: true });
	await machine.listening;
	await until(() => machine.fakeKernel.underway().length > 0);
	machine.signal("SIGTERM");
	t.deepEqual((await logged(machine, /^SIGTERM/)).running, ["base"]);
	await machine.plugIn("usb/stick", "x:stick");
	await machine.fakeKernel.end("base");
	t.is(await ended, exitStatus.done);
	t.like(await logged(machine, /^card/), { result: "stopped" });
	t.is(machine.fakeKernel.begun.length, 1);
});

test("at SIGTERM it does not wait for what hangs, which it names, and tells nobody that it was loaded", async (t) => {
	const { machine, ended } = start({ held: true, files: { "/etc/hotplugd.toml": "hung_seconds = 1\n" } });
	await logged(machine, /^base: its insertion has not ended/);
	const asked = machine.ask({ command: "load", alias: "x:card" });
	await heard();
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
	t.like(await logged(machine, /^SIGTERM/), { running: [], hung: ["base"] });
	t.like(await logged(machine, /^stopped/), { level: WARN, hung: ["base"] });
	t.not((await asked).result, "done");
	t.is(machine.asked.at(-1), `end with ${exitStatus.done}`);
	t.is(machine.sockets(), 0);
});

test("a signal that comes before it listens ends it too", async (t) => {
	const machine = makeFakeMachine({ world, devices: { card: "x:card" } });
	const early: FakeMachine = {
		...machine,
		async devices(sysfs) {
			const sources = await machine.devices(sysfs);
			const listen: typeof sources.listen = (options) => {
				machine.signal("SIGTERM");
				return sources.listen(options);
			};
			return { ...sources, listen };
		},
	};
	t.is(await run.start([], early), exitStatus.done);
	t.deepEqual(machine.fakeKernel.begun, []);
	t.is(machine.sockets(), 0);
});

test("it says which configuration it read, and what is wrong there", async (t) => {
	const { machine, ended } = start({ world: { ...world, config: "rubbish" } });
	t.deepEqual((await logged(machine, /^read the configuration/)).files, [configFile]);
	t.like(await logged(machine, /rubbish/), { level: WARN, file: configFile, line: 1 });
	machine.signal("SIGINT");
	await ended;
});

test("a driver that fails is an error in the log with its errno, and it goes on", async (t) => {
	const { machine, ended } = start({ answers: { base: "EIO" } });
	t.like(await logged(machine, /^base/), { level: ERROR, result: "failed", errno: "EIO" });
	t.like(await logged(machine, /^card: base is needed first/), { level: ERROR, result: "blocked" });
	await machine.plugIn("usb/stick", "x:stick");
	t.like(await logged(machine, /^stick/), { level: INFO, result: "inserted" });
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
});

test("messages that the kernel did not send are a warning with their count", async (t) => {
	const { machine, ended } = start();
	(await machine.listening).onRefused(3, 0);
	t.like(await logged(machine, /^refused/), { level: WARN, refused: 3 });
	machine.signal("SIGTERM");
	await ended;
});

test("a socket that fails is an error, and another one is opened", async (t) => {
	const { machine, ended } = start();
	await logged(machine, /^settled/);
	(await machine.listening).onError(new Error("it broke"));
	t.like(await logged(machine, /^the uevent socket failed/), { level: ERROR, reason: "it broke" });
	t.is(machine.sockets(), 0);
	await until(() => machine.sockets() > 0);
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
});

test("at level debug it logs what each device asks for", async (t) => {
	const { machine, ended } = start({ files: { "/etc/hotplugd.toml": 'log_level = "debug"' } });
	t.like(await logged(machine, /asks for card/), { level: 20, device: "/devices/card", alias: "x:card" });
	machine.signal("SIGTERM");
	await ended;
});

test("at level error it logs nothing where nothing is wrong", async (t) => {
	const { machine, ended } = start({ files: { "/etc/hotplugd.toml": 'log_level = "error"' } });
	await until(() => machine.fakeKernel.live.has("card"));
	machine.signal("SIGTERM");
	await ended;
	t.is(machine.printed(), "");
});

test("without devices, or with settings that are wrong, it does not begin", async (t) => {
	const blind = start({ withoutDevices: "ENOENT" });
	t.is(await blind.ended, exitStatus.unable);
	t.regex(blind.machine.complained(), /^hotplugd run: .*\/sys\/devices/);
	const wrong = start({ files: { "/etc/hotplugd.toml": "\nparalel = 1" } });
	t.is(await wrong.ended, exitStatus.usage);
	t.regex(wrong.machine.complained(), /^hotplugd run: \/etc\/hotplugd\.toml line 2: paralel is no setting/);
});

test("where there are no indexes it stays, says so once, and begins nothing", async (t) => {
	const machine = makeFakeMachine({ world, devices: { card: "x:card" }, files: quick });
	const ended = run.start(["-S", "5.0.0"], machine);
	await logged(machine, /^settled/);
	await machine.plugIn("usb/stick", "x:stick");
	machine.signal("SIGHUP");
	t.like(await machine.ask({ command: "settle" }), { ok: true, settled: true });
	t.like(await machine.ask({ command: "load", alias: "stick" }), { ok: true, result: "refused" });
	t.deepEqual(machine.fakeKernel.begun, []);
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
	const missing = log(machine).filter(({ msg }) => msg.includes("has no modules.dep.bin"));
	t.deepEqual(
		missing.map(({ level, msg }) => ({ level, msg })),
		[
			{
				level: ERROR,
				msg: "no usable indexes yet, so the agent loads no modules: /lib/modules/5.0.0 has no modules.dep.bin",
			},
		],
	);
	t.false(machine.hasFile("/run/hotplugd/listening"));
	t.deepEqual(
		machine.said.filter((word) => !/reloading|ready/.test(word)),
		[
			"no usable indexes yet: /lib/modules/5.0.0 has no modules.dep.bin",
			"no usable indexes yet: /lib/modules/5.0.0 has no modules.dep.bin",
			"stopping",
		],
	);
});

test("hotplugd=off on the kernel command line ends it at once, with one line, whatever its settings", async (t) => {
	const files = { "/etc/hotplugd.toml": "these are no settings" };
	const { machine, ended } = start({ world: { ...world, commandLine: "quiet hotplugd=off" }, files });
	t.is(await ended, exitStatus.done);
	t.is(machine.complained(), "hotplugd run: hotplugd=off is on the kernel command line: nothing is loaded\n");
	t.deepEqual([machine.printed(), machine.asked, machine.said, machine.fakeKernel.begun], ["", [], [], []]);
});

test("a kernel command line that cannot be read keeps it from nothing, and that is said", async (t) => {
	const machine = makeFakeMachine({ world, devices: { card: "x:card" }, files: quick });
	const { read } = machine.fakeKernel;
	machine.fakeKernel.read = (path) => {
		if (path === "/proc/cmdline") throw new Refusal({ operation: "read", subject: path, code: "EIO" });
		return read(path);
	};
	const ended = run.start([], machine);
	await logged(machine, /^card: inserted/);
	t.is(
		machine.complained(),
		"hotplugd run: could not read /proc/cmdline: EIO, so a hotplugd= in that file is ignored\n",
	);
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
});

test("short of descriptors when it began, it tries again though no file has changed", async (t) => {
	t.timeout(180_000);
	const machine = makeFakeMachine({ world, devices: { card: "x:card" }, files: quick });
	const { read } = machine.fakeKernel;
	let isShort = true;
	machine.fakeKernel.read = (path) => {
		if (isShort && path.endsWith(".bin"))
			throw new Refusal({ operation: "read", subject: path, code: "EMFILE", errno: 24 });
		return read(path);
	};
	const ended = run.start([], machine);
	await logged(machine, /^no usable indexes yet, so the agent loads no modules: could not read .*: EMFILE/);
	isShort = false;
	await logged(machine, /^card: inserted/, 150_000);
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
});

test("its timeline has what was loaded at the start and what was plugged in, by batch", async (t) => {
	const { machine, ended } = start();
	await logged(machine, /^settled/);
	await machine.plugIn("usb/stick", "x:stick");
	await logged(machine, /^stick: inserted/);
	const { ok, timeline } = await machine.ask({ command: "timeline" });
	t.true(ok);
	const { command, modules, marks } = timeline as Timeline;
	t.is(command, "run");
	t.deepEqual(
		modules.map(({ module, batch, result, cause }) => [module, batch, result, cause.kind]),
		[
			["base", 1, "inserted", "dependency"],
			["card", 1, "inserted", "alias"],
			["stick", 2, "inserted", "alias"],
		],
	);
	t.deepEqual(
		marks.map(({ kind }) => kind),
		["listening", "walked", "settled"],
	);
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
});
