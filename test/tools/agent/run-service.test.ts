// hotplugd run as a service: requests to it, and its messages to the service manager.
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import { run } from "../../../src/tools/agent/run.js";
import { heard } from "../../support/fakes/fake-kernel.js";
import { type FakeMachine, type FakeMachineOptions, makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { until } from "../../support/running/until.js";
import type { World } from "../../support/worlds/world.js";

const world: World = {
	modules: { card: ["base"], base: [], stick: [], late: [] },
	aliases: { "x:card": "card", "x:stick": "stick", "fs-late": "late" },
};

const settings = "quiet_milliseconds = 5\n";

/** Starts a daemon that ends with its test. */
function start(t: ExecutionContext, options: Partial<FakeMachineOptions> = {}, words: readonly string[] = []) {
	const files = { "/etc/hotplugd.toml": settings, ...options.files };
	const machine = makeFakeMachine({ world, devices: { card: "x:card" }, ...options, files });
	const ended = run.start([...words], machine);
	t.teardown(async () => {
		for (;;) {
			const [module] = machine.fakeKernel.underway();
			if (module === undefined) break;
			await machine.fakeKernel.end(module);
		}
		machine.signal("SIGTERM");
		await ended;
	});
	return { machine, ended };
}

type Line = { readonly level: number; readonly msg: string; readonly [field: string]: unknown };

const log = (machine: FakeMachine): readonly Line[] =>
	machine
		.printed()
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line));

const logged = (machine: FakeMachine, wanted: RegExp) => until(() => log(machine).some(({ msg }) => wanted.test(msg)));

test("it is ready once it listens, says so to udev's rules for as long as it does, and says when it stops", async (t) => {
	const { machine, ended } = start(t);
	const mark = "/run/hotplugd/listening";
	t.false(machine.hasFile(mark));
	await logged(machine, /^settled/);
	t.true(machine.hasFile(mark));
	t.deepEqual(machine.said, ["listening", "ready", "settled"]);
	(await machine.listening).onError(new Error("it broke"));
	await until(() => !machine.hasFile(mark));
	await until(() => machine.hasFile(mark));
	machine.signal("SIGTERM");
	t.false(machine.hasFile(mark));
	t.is(await ended, exitStatus.done);
	t.deepEqual(machine.said, ["listening", "ready", "settled", "stopping"]);
});

test("an install command's environment is a PATH and its module, whoever started the agent", async (t) => {
	const { machine } = start(t, { world: { ...world, config: "install base insmod-base" } });
	await until(() => machine.fakeKernel.begun.length > 0);
	const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	t.deepEqual(machine.fakeKernel.begun.slice(0, 1), [
		`inheriting nothing: PATH=${PATH} MODPROBE_MODULE=base insmod-base`,
	]);
});

test("status says what it is at, what came of it and what it knows", async (t) => {
	const { machine } = start(t, { held: true });
	await until(() => machine.fakeKernel.underway().length > 0);
	const working = await machine.ask({ command: "status" });
	t.like(working, { ok: true, status: { state: "working", source: "kernel", pid: process.pid, queue_depth: 1 } });
	t.like((working.status as { in_flight: object[] }).in_flight[0], { module: "base", hung: false });
	await machine.fakeKernel.end("base");
	await machine.fakeKernel.end("card", "EIO");
	await logged(machine, /^settled/);
	const settled = await machine.ask({ command: "status" });
	t.like(settled, {
		status: {
			state: "settled",
			counts: { modules_inserted: 1, modules_failed: { EIO: 1 }, aliases_new: 1 },
			indexes: { generation: 1, directory: "/lib/modules/6.0.0" },
			last_outcomes: [
				{ module: "base", result: "inserted" },
				{ module: "card", result: "failed" },
			],
		},
	});
	t.regex((settled.status as { last_problem: { message: string } }).last_problem.message, /^card: .*EIO/);
});

test("settle waits for what is in flight, and says what it waited for in vain", async (t) => {
	const { machine } = start(t, { held: true });
	await until(() => machine.fakeKernel.underway().length > 0);
	t.deepEqual(await machine.ask({ command: "settle", timeout_milliseconds: 10 }), {
		ok: true,
		settled: false,
		waiting_for: ["base"],
	});
	const settled = machine.ask({ command: "settle" });
	await machine.fakeKernel.end("base");
	await machine.fakeKernel.end("card");
	t.deepEqual(await settled, { ok: true, settled: true, waiting_for: [] });
});

test("an alias that is asked for is loaded, whoever asks, and the answer comes with its outcome", async (t) => {
	const { machine } = start(t, { answers: { stick: "EIO" } });
	t.like(await machine.ask({ command: "load", alias: "fs-late" }), { ok: true, result: "done" });
	t.true(machine.fakeKernel.live.has("late"));
	t.like(await machine.ask({ command: "load", alias: "fs-late" }), { ok: true, result: "done" });
	t.like(await machine.ask({ command: "load", alias: "late" }), { ok: true, result: "done" });
	t.like(await machine.ask({ command: "load", alias: "fs-none" }), { ok: true, result: "nothing" });
	const failed = await machine.ask({ command: "load", alias: "x:stick" });
	t.like(failed, { ok: true, result: "failed" });
	t.regex(String(failed.explanation), /^stick: .*EIO/);
	t.is(await machine.askToLoad("k fs-late"), "0\n");
	t.is(await machine.askToLoad("w x:stick"), "1\n");
	t.is(await machine.askToLoad("w fs-none"), "1\n");
	t.is(await machine.askToLoad("rubbish"), "1\n");
	t.is(machine.fakeKernel.begun.filter((line) => line.includes("late.ko")).length, 1);
	t.is(machine.fakeKernel.begun.filter((line) => line.includes("stick.ko")).length, 3 - 1);
});

test("what the kernel asks for waits for no place: a module that waits for it may have the last one", async (t) => {
	const { machine } = start(t, { held: true, files: { "/etc/hotplugd.toml": `${settings}parallel = 1\n` } });
	await until(() => machine.fakeKernel.underway().includes("base"));
	const user = machine.askToLoad("w x:stick");
	const kernel = machine.askToLoad("k fs-late");
	await until(() => machine.fakeKernel.underway().length === 2);
	t.deepEqual(machine.fakeKernel.underway(), ["base", "late"]);
	await machine.fakeKernel.end("late");
	t.is(await kernel, "0\n");
	await machine.fakeKernel.end("base");
	await until(() => machine.fakeKernel.underway().length === 1);
	await machine.fakeKernel.end(machine.fakeKernel.underway()[0]!);
	await until(() => machine.fakeKernel.underway().length === 1);
	await machine.fakeKernel.end(machine.fakeKernel.underway()[0]!);
	t.is(await user, "0\n");
});

test("what hangs is reported, and others go on", async (t) => {
	const { machine } = start(t, {
		held: true,
		files: { "/etc/hotplugd.toml": `${settings}parallel = 1\nhung_seconds = 1\n` },
	});
	await until(() => machine.fakeKernel.underway().length > 0);
	await machine.plugIn("stick", "x:stick");
	await logged(machine, /^base: its insertion has not ended after 1000 ms/);
	await until(() => machine.fakeKernel.underway().includes("stick"));
	t.like(await machine.ask({ command: "status" }), { status: { last_problem: { message: "base hangs" } } });
	await machine.fakeKernel.end("stick");
	t.like(await machine.ask({ command: "settle", timeout_milliseconds: 10_000 }), { settled: true });
});

test("who asks for what hangs, or for what needs it, is answered once it does, and so is who asks later", async (t) => {
	const { machine } = start(t, {
		held: true,
		files: { "/etc/hotplugd.toml": `${settings}hung_seconds = 1\n` },
	});
	await until(() => machine.fakeKernel.underway().includes("base"));
	const [base, card] = ["base", "x:card"].map((alias) => machine.ask({ command: "load", alias }));
	t.like(await base, { ok: true, result: "failed", explanation: "base hangs: base may still be loaded later" });
	t.like(await card, {
		result: "failed",
		explanation: "card waits for base, which hangs: card may still be loaded later",
	});
	t.like(await machine.ask({ command: "load", alias: "x:card" }), { result: "failed" });
	t.is(await machine.askToLoad("k base"), "1\n");
	await machine.fakeKernel.end("base");
	await machine.fakeKernel.end("card");
});

for (const [way, reload] of [
	["SIGHUP", (machine: FakeMachine) => machine.signal("SIGHUP")],
	["a request", (machine: FakeMachine) => machine.ask({ command: "reload" })],
] as const)
	test(`by ${way} it reads indexes and configuration anew, and what no module was known for gets its driver`, async (t) => {
		const { machine } = start(t, { devices: { card: "x:card", odd: "x:odd" } });
		await logged(machine, /^settled/);
		machine.writeWorld({
			modules: { ...world.modules, odd: [] },
			aliases: { ...world.aliases, "x:odd": "odd" },
			config: "blacklist stick\n",
		});
		await reload(machine);
		await logged(machine, /^odd: inserted/);
		await machine.plugIn("stick", "x:stick");
		t.like(await machine.ask({ command: "settle" }), { settled: true });
		t.false(machine.fakeKernel.live.has("stick"));
		t.like(await machine.ask({ command: "status" }), { status: { indexes: { generation: 2 } } });
		t.deepEqual(
			machine.said.filter((word) => /ready|reloading/.test(word)),
			["ready", "reloading", "ready"],
		);
	});

test("what a blacklist had kept out stays out when its line has gone, until the device comes up again", async (t) => {
	const { machine } = start(t, { world: { ...world, config: "blacklist card\n" } });
	await logged(machine, /^settled/);
	machine.writeWorld(world);
	await machine.ask({ command: "reload" });
	t.like(await machine.ask({ command: "settle" }), { settled: true });
	t.deepEqual(machine.fakeKernel.begun, []);
	await machine.plugIn("card", "x:card");
	await logged(machine, /^card: inserted/);
});

test("where it cannot read them, what was known still counts", async (t) => {
	const { machine } = start(t);
	await logged(machine, /^settled/);
	machine.removeFile("/lib/modules/6.0.0/modules.dep.bin");
	const { ok, error } = await machine.ask({ command: "reload" });
	t.false(ok);
	t.regex(String(error), /modules\.dep\.bin/);
	await machine.plugIn("stick", "x:stick");
	await logged(machine, /^stick: inserted/);
	t.like(await machine.ask({ command: "status" }), { status: { indexes: { generation: 1 } } });
});

test("a reload waits for what is in flight", async (t) => {
	const { machine } = start(t, { held: true });
	await until(() => machine.fakeKernel.underway().length > 0);
	const reloaded = machine.ask({ command: "reload" });
	await heard();
	t.like(await machine.ask({ command: "status" }), { status: { state: "reloading", indexes: { generation: 1 } } });
	await machine.fakeKernel.end("base");
	await machine.fakeKernel.end("card");
	t.like(await reloaded, { ok: true });
	t.like(await machine.ask({ command: "status" }), { status: { indexes: { generation: 2 } } });
});

test("a reload does not wait for what hangs", async (t) => {
	const { machine } = start(t, { held: true, files: { "/etc/hotplugd.toml": `${settings}hung_seconds = 1\n` } });
	await until(() => machine.fakeKernel.underway().length > 0);
	t.like(await machine.ask({ command: "reload" }), { ok: true });
	t.deepEqual(machine.fakeKernel.underway(), ["base"]);
	t.like(await machine.ask({ command: "status" }), { status: { indexes: { generation: 2 } } });
});

test("the watchdog is fed for as long as it runs, and no longer", async (t) => {
	const { machine, ended } = start(t, { watchdogMilliseconds: 5 });
	const fed = () => machine.said.filter((text) => text === "watchdog").length;
	await until(() => fed() >= 3);
	machine.signal("SIGTERM");
	await ended;
	const before = fed();
	await setTimeout(50);
	t.is(fed(), before);
});

test("asked to settle while it reads all anew, it waits for that and for the devices that it serves", async (t) => {
	const { machine } = start(t, { devices: { card: "x:card", odd: "x:odd" } });
	await logged(machine, /^settled/);
	machine.writeWorld({ modules: { ...world.modules, odd: [] }, aliases: { ...world.aliases, "x:odd": "odd" } });
	const reloaded = machine.ask({ command: "reload" });
	t.like(await machine.ask({ command: "settle" }), { settled: true });
	t.true(machine.fakeKernel.live.has("odd"));
	t.like(await reloaded, { ok: true });
});

test("what is read anew when it is stopped is refused, and it goes on stopping", async (t) => {
	const { machine, ended } = start(t, { held: true });
	await until(() => machine.fakeKernel.underway().includes("base"));
	const reloaded = machine.ask({ command: "reload" });
	machine.signal("SIGTERM");
	t.deepEqual(await reloaded, {
		ok: false,
		error: "the agent is stopping and begins no further work: ask the next agent",
	});
	t.like(await machine.ask({ command: "status" }), { status: { state: "stopping" } });
	t.deepEqual(machine.said.slice(-2), ["reloading", "stopping"]);
	await machine.fakeKernel.end("base");
	t.is(await ended, exitStatus.done);
});

test("an exception in an answer costs that answer: it is told, counted, and the agent goes on", async (t) => {
	const { machine } = start(t);
	await logged(machine, /^settled/);
	const odd = { hasGone: () => false, lineage: () => assert.fail("no such lineage") };
	for (let asked = 0; asked < 3; asked++)
		t.deepEqual(await machine.ask({ command: "settle" }, odd), { ok: false, error: "no such lineage" });
	const message = "could not answer a request: no such lineage";
	t.like(await machine.ask({ command: "status" }), { status: { last_problem: { message } } });
	t.regex(String((await machine.ask({ command: "metrics" })).text), /^hotplugd_requests_failed_total 3$/m);
	t.is(log(machine).filter(({ msg, stack }) => msg === message && typeof stack === "string").length, 3);
	t.is(await machine.askToLoad("w fs-late"), "0\n");
});

test("a module that failed is tried again for another device, later and later, and not for the same one", async (t) => {
	const { machine } = start(t, { devices: {}, answers: { stick: "EIO" } });
	await logged(machine, /^settled/);
	const tries = () => machine.fakeKernel.begun.length;
	const FIRST_PAUSE_MILLISECONDS = 250;
	const begun = performance.now();
	await machine.plugIn("1", "x:stick");
	await until(() => tries() >= 1);
	await machine.plugIn("1", "x:stick");
	await machine.plugIn("2", "x:stick");
	await machine.plugIn("3", "x:stick");
	t.like(await machine.ask({ command: "settle" }), { settled: true });
	// On a busy machine the pause may have passed in the meantime.
	t.true(tries() === 1 || performance.now() - begun >= FIRST_PAUSE_MILLISECONDS);
	await until(() => tries() >= 2);
	t.like(await machine.ask({ command: "settle" }), { settled: true });
	// The second attempt serves both devices, unless the third device came up only after it. Then a pause of twice the length
	// precedes the third attempt.
	t.true(
		tries() === 2 || (tries() === 3 && performance.now() - begun >= 3 * FIRST_PAUSE_MILLISECONDS),
		String(tries()),
	);
});

test("a second one says who runs already, and ends", async (t) => {
	const lock = { held: false, file: "/run/hotplugd/lock", pid: 17 } as const;
	const machine = makeFakeMachine({ world, lock });
	t.is(await run.start([], machine), exitStatus.unable);
	t.is(machine.complained(), "hotplugd run: another hotplugd runs already (process 17), holding /run/hotplugd/lock\n");
	t.deepEqual(machine.fakeKernel.begun, []);
});

test("asked to stop it stops", async (t) => {
	const { machine, ended } = start(t);
	t.deepEqual(await machine.ask({ command: "stop" }), { ok: true });
	t.is(await ended, exitStatus.done);
});

test("beside udev it heeds what udev says, and looks by itself only where no replay is to come", async (t) => {
	const udev = { "/run/udev/control": "", "/run/udev/data/+x:card": "E:HOTPLUGD=ignore\n" };
	const { machine } = start(t, {
		devices: { card: "x:card", stick: "x:stick" },
		files: { "/etc/hotplugd.toml": settings, ...udev },
		identity: (devpath) => ({ subsystem: devpath.endsWith("card") ? "x" : undefined }),
	});
	await logged(machine, /^looked at all devices/);
	t.like(await machine.ask({ command: "settle" }), { settled: true });
	t.deepEqual([...machine.fakeKernel.live], ["stick"]);
	t.like(await machine.ask({ command: "status" }), { status: { source: "udev" } });
	const toCome = start(t, {
		files: { "/etc/hotplugd.toml": settings, ...udev, "/run/systemd/units/invocation:other.service": "" },
	});
	await logged(toCome.machine, /^settled/);
	t.deepEqual(toCome.machine.fakeKernel.begun, []);
	t.false(toCome.machine.asked.includes("walk /sys"));
	const looking = start(t, { files: { "/etc/hotplugd.toml": settings, ...udev } }, ["--source", "kernel"]);
	await logged(looking.machine, /^card: inserted/);
});

test("words that are none are refused before anything is begun", async (t) => {
	const machine = makeFakeMachine({ world });
	t.is(await run.start(["--source", "nobody"], machine), exitStatus.usage);
	t.regex(machine.complained(), /^hotplugd run: there is no source nobody: /);
});

const policy = `
[[deny]]
module = "stick"

[[mask]]
module = "base"

[[load]]
action = "change"
devpath = "/devices/late"
load = "late"

[[run]]
action = ["add", "remove"]
devpath = "/devices/stick"
command = ["/usr/bin/tell", "--device"]
`;

test("policy has its say: what is denied or masked is not loaded, what it names is, and its commands are run", async (t) => {
	const { machine } = start(t, {
		files: { "/etc/hotplugd.toml": settings, "/etc/hotplugd/rules.d/mine.toml": policy },
	});
	await logged(machine, /^settled/);
	await machine.plugIn("stick", "x:stick");
	await machine.tellOf("change", "late");
	await machine.tellOf("remove", "stick");
	await logged(machine, /^late: inserted/);
	await until(() => machine.commands.length === 2);
	t.deepEqual([...machine.fakeKernel.live], ["late"]);
	t.deepEqual(machine.commands, ["add /usr/bin/tell --device", "remove /usr/bin/tell --device"]);
	const files = log(machine).find(({ msg }) => msg === "read the configuration")?.files;
	t.true((files as string[]).includes("/etc/hotplugd/rules.d/mine.toml"));
	machine.removeFile("/etc/hotplugd/rules.d/mine.toml");
	machine.signal("SIGHUP");
	await logged(machine, /^SIGHUP/);
	await machine.plugIn("stick2", "x:stick");
	await logged(machine, /^stick: inserted/);
});

test("where what it had read changes on disk it reads it anew by itself, once the changes have come to rest", async (t) => {
	const { machine } = start(t);
	await logged(machine, /^settled/);
	machine.writeWorld({ modules: { ...world.modules, odd: [] }, aliases: { ...world.aliases, "x:odd": "odd" } });
	machine.hint();
	await logged(machine, /^files have changed: indexes and configuration were reloaded/);
	await machine.plugIn("odd", "x:odd");
	await logged(machine, /^odd: inserted/);
	t.true(machine.fakeKernel.live.has("odd"));
});

test("what was asked for before it listened is handled when it does", async (t) => {
	const { machine } = start(t, { spooled: ["w fs-late", "rubbish"] });
	await logged(machine, /^late: inserted/);
	t.is(log(machine).find(({ msg }) => msg.startsWith("took the load requests"))?.requests, 2);
});

test("metrics are told, and kept in a file", async (t) => {
	const { machine, ended } = start(t, { files: { "/etc/hotplugd.toml": `${settings}metrics_file = "/var/x.prom"\n` } });
	await logged(machine, /^settled/);
	const { ok, text } = await machine.ask({ command: "metrics" });
	t.true(ok);
	t.regex(String(text), /^hotplugd_modules_inserted_total 2$/m);
	machine.signal("SIGTERM");
	await ended;
	t.true(machine.hasFile("/var/x.prom"));
});

test("install commands and policy's are run by the companion where there is one", async (t) => {
	const asked: string[] = [];
	const { machine } = start(
		t,
		{
			world: { ...world, config: "install base echo hello\n" },
			files: {
				"/etc/hotplugd.toml": settings,
				"/etc/hotplugd/rules.d/mine.toml": policy.replace("[[mask]]", "[[deny]]"),
			},
			companion(line) {
				asked.push(line);
				return line === "tell install base\n" ? "0" : '{"exitStatus":7,"timedOut":false,"complaint":""}';
			},
		},
		["--command-socket", "/run/companion"],
	);
	await logged(machine, /^base: its install command succeeded/);
	await machine.tellOf("remove", "stick");
	await logged(machine, /^\/usr\/bin\/tell: failed/);
	t.deepEqual(machine.commands, []);
	t.deepEqual(asked, [
		"tell install base\n",
		'tell rule {"file":"/etc/hotplugd/rules.d/mine.toml","line":13,"environment":{"ACTION":"remove","DEVPATH":"/devices/stick","SEQNUM":"1","PATH":"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}}\n',
	]);
	t.false(machine.fakeKernel.begun.some((line) => line.includes("hello")));
});
