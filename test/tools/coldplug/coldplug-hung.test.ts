// coldplug beside a driver whose init does not return: its end, its exit status and its messages. The tests run in memory, and
// with the executable and a stand-in for the kernel's module loader; test/vm/hung.test.ts has drivers that nothing can end.
import test, { type ExecutionContext } from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { type FakeMachine, makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { hungSession } from "../../support/programs/hung-session.js";
import { runSession } from "../../support/running/network-namespace.js";
import { until } from "../../support/running/until.js";
import type { World } from "../../support/worlds/world.js";

const world: World = {
	modules: { card: ["base"], base: [], lone: [] },
	aliases: { "x:card": "card", "x:lone": "lone" },
};
const devices = { "pci/card": "x:card", lone: "x:lone" };
const machineWhereHung = (seconds: number) =>
	makeFakeMachine({ world, devices, held: true, files: { "/etc/hotplugd.toml": `hung_seconds = ${seconds}\n` } });

const load = (machine: FakeMachine, ...words: readonly string[]): Promise<number> =>
	coldplug.start(["--quiet", "20", ...words], machine);

async function begun(machine: FakeMachine, module: string): Promise<void> {
	await until(() => machine.fakeKernel.underway().includes(module));
}

const baseHangs =
	/^coldplug: base \(dependency of card\) hangs: it has not ended after \d\.\d s, and is left to end\ncoldplug: modules not begun, since the modules that they wait for have not ended: card\n$/;

test("beside a driver that hangs it ends once all else is settled, names it, and says what waits for it", async (t) => {
	const machine = machineWhereHung(1);
	const ended = load(machine);
	await begun(machine, "lone");
	await machine.fakeKernel.end("lone");
	t.is(await ended, exitStatus.unended);
	t.regex(machine.complained(), baseHangs);
	t.deepEqual(machine.insertionProcess, ["insertions 80", "closed"]);
	t.is(machine.asked.at(-1), `end with ${exitStatus.unended}`);
	t.is(machine.sockets(), 0);
});

test("with --json what has not ended is a record of its own", async (t) => {
	const machine = machineWhereHung(1);
	const ended = load(machine, "--json");
	await begun(machine, "lone");
	await machine.fakeKernel.end("lone");
	t.is(await ended, exitStatus.unended);
	const records = machine
		.printed()
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	t.like(
		records.find(({ kind }) => kind === "hung"),
		{ module: "base", milliseconds: 1000 },
	);
	const { kind, running, waiting } = records.at(-1);
	t.deepEqual([kind, waiting], ["unended", ["card"]]);
	t.like(running, [{ module: "base", hung: true }]);
});

test("a driver that takes long and does not hang is awaited", async (t) => {
	const machine = machineWhereHung(60);
	const ended = load(machine);
	await begun(machine, "base");
	await machine.fakeKernel.end("lone");
	await machine.fakeKernel.end("base");
	await begun(machine, "card");
	await machine.fakeKernel.end("card");
	t.is(await ended, exitStatus.done);
	t.is(machine.complained(), "");
	t.false(machine.asked.some((line) => line.startsWith("end with")));
});

test("a stop signal ends it at once beside what hangs, which it names", async (t) => {
	const machine = machineWhereHung(1);
	// The quiet time is longer than the test, so that things are never settled.
	const ended = load(machine, "--quiet", "1000000", "--verbose");
	await begun(machine, "lone");
	await machine.fakeKernel.end("lone");
	await until(() => machine.printed().includes("base: has not ended"));
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.stopped);
	const [first, ...rest] = machine.complained().split("\n");
	t.is(first, "coldplug: SIGTERM: waiting for nothing, and not for modules that hang: base");
	t.regex(
		rest.join("\n"),
		/^coldplug: base \(dependency of card\) hangs: it has not ended after \d\.\d s, and is left to end\n$/,
	);
});

test("a stop signal waits for what runs until it hangs, and no longer", async (t) => {
	const machine = machineWhereHung(1);
	const ended = load(machine);
	await begun(machine, "lone");
	machine.signal("SIGINT");
	t.is(await ended, exitStatus.stopped);
	const lines = machine.complained().split("\n");
	t.is(lines[0], "coldplug: SIGINT: waiting for base, lone");
	t.regex(lines[1]!, /^coldplug: base .* hangs: /);
	t.regex(lines[2]!, /^coldplug: lone .* hangs: /);
	t.deepEqual(machine.fakeKernel.begun.length, 2);
});

test("--timeout ends it whatever is in flight, and it says what it waited for", async (t) => {
	const machine = machineWhereHung(60);
	// The timeout counts from the start of the process, which here is the test's own. In the 4 seconds that remain even a busy
	// machine begins both insertions.
	const ended = load(machine, "--timeout", String(Math.ceil(performance.now() / 1000) + 4));
	await begun(machine, "lone");
	t.is(await ended, exitStatus.unended);
	const lines = machine.complained().split("\n");
	t.regex(lines[0]!, /^coldplug: base \(dependency of card\) was not waited for any longer: it has not ended after/);
	t.regex(lines[1]!, /^coldplug: lone \(.*\) was not waited for any longer: it has not ended after/);
	t.is(lines[2], "coldplug: modules not begun, since the modules that they wait for have not ended: card");
	t.regex(lines[3]!, /^coldplug: ended by --timeout: the devices were not settled after \d+ s$/);
	t.is(machine.sockets(), 0);
});

test("--timeout ends it where things never come to rest", async (t) => {
	const machine = makeFakeMachine({ world, devices: {} });
	const seconds = String(Math.ceil(performance.now() / 1000) + 1);
	t.is(await load(machine, "--timeout", seconds, "--quiet", "1000000"), exitStatus.unended);
	t.is(machine.complained(), `coldplug: ended by --timeout: the devices were not settled after ${seconds} s\n`);
	t.false(machine.asked.some((line) => line.startsWith("end with")));
});

test("--timeout does nothing where all is settled before", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	t.is(await load(machine, "--timeout", "100000000"), exitStatus.done);
	t.is(machine.complained(), "");
});

/** A machine on which the kernel refuses a module, whose file cannot be read to its end then. */
function machineWhereUnread() {
	const machine = makeFakeMachine({ world, devices: { lone: "x:lone" }, held: true });
	let reads = 0;
	const kernel: typeof machine.kernel = async (...where) => ({
		...(await machine.kernel(...where)),
		readModule: () => new Promise(() => void reads++),
	});
	return { machine, unread: { ...machine, kernel }, reads: () => reads };
}

test("--timeout tells what has failed, even where its evidence never comes", async (t) => {
	const { machine, unread, reads } = machineWhereUnread();
	const ended = load(unread, "--timeout", String(Math.ceil(performance.now() / 1000) + 6));
	await begun(machine, "lone");
	await machine.fakeKernel.end("lone", "ENOEXEC");
	await until(() => reads() === 1);
	t.is(await ended, exitStatus.unended);
	const [failed, over, ...rest] = machine.complained().trimEnd().split("\n");
	t.regex(failed!, /^coldplug: could not load lone .*ENOEXEC/);
	t.regex(over!, /^coldplug: ended by --timeout/);
	t.deepEqual(rest, []);
});

test("a stop signal ends it within a second, even where the evidence of a failure never comes", async (t) => {
	const { machine, unread, reads } = machineWhereUnread();
	const ended = load(unread);
	await begun(machine, "lone");
	await machine.fakeKernel.end("lone", "ENOEXEC");
	await until(() => reads() === 1);
	const from = performance.now();
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.stopped);
	// The patience is ten seconds without a stop.
	t.true(performance.now() - from < 5000);
	t.regex(machine.complained(), /\ncoldplug: could not load lone .*ENOEXEC.*\n$/);
});

const suffer = (t: ExecutionContext, name: string) => runSession(t, hungSession, name);

const named = (module: string) =>
	`coldplug: ${module} (/devices/${module}: x:${module} matches x:${module} (alias index))`;

test("the executable ends beside a driver that hangs, whose process is left and ends when the driver has", async (t) => {
	const { status, stderr, stdout, inserted, left, gone } = await suffer(t, "settled");
	t.is(status, exitStatus.unended);
	t.true(stderr.startsWith(`${named("stuck")} hangs: it has not ended after `), stderr);
	t.deepEqual(inserted, ["m0", "m1", "m2", "stuck"]);
	t.deepEqual(left, ["insertion-process.js"]);
	t.deepEqual(stdout, "");
	t.true(gone);
});

test("as many drivers hang as may, and the others are loaded; where more do, what has not begun is not said to hang", async (t) => {
	const { few, many } = await suffer(t, "many");
	t.deepEqual(few, { status: exitStatus.unended, begun: 65, good: true, hang: 64, goodHangs: false, notBegun: 0 });
	t.deepEqual(many, { status: exitStatus.unended, begun: 96, good: false, hang: 96, goodHangs: false, notBegun: 5 });
});

test("the agent is settled beside more drivers that hang than may, and answers who asks for one that has not begun", async (t) => {
	const { inserted, asked, ended } = await suffer(t, "many agent");
	t.deepEqual(inserted, { begun: 96, good: false });
	t.like(asked, { ok: true, result: "failed" });
	t.regex(asked.explanation, /^zgood waits for h\d+, which hangs: zgood may still be loaded later$/);
	t.is(ended.status, 0);
});

test("a shell that reads all that it prints does not wait for what it has left behind", async (t) => {
	t.deepEqual(await suffer(t, "substituted"), { printed: "status 7" });
});

for (const signal of ["SIGTERM", "SIGINT"])
	test(`the executable ends at ${signal} beside a driver that hangs`, async (t) => {
		const { status, stderr } = await suffer(t, signal);
		t.is(status, exitStatus.stopped);
		const [first, second = ""] = stderr.split("\n");
		t.is(first, `coldplug: ${signal}: waiting for nothing, and not for modules that hang: stuck`);
		t.true(second.startsWith(`${named("stuck")} hangs: it has not ended after `), second);
	});

test("what a terminal and a service manager send to all processes at once ends no insertion", async (t) => {
	t.deepEqual(await suffer(t, "signalled"), { status: exitStatus.stopped, inserted: ["slow"], begun: 1 });
});

test("an install command that hangs is left behind too", async (t) => {
	const { status, stderr } = await suffer(t, "command");
	t.is(status, exitStatus.unended);
	t.true(stderr.startsWith(`${named("stuck")} hangs: it has not ended after `), stderr);
});

test("its insertion process killed in the middle, it goes on by itself, and ends all the same beside what hangs", async (t) => {
	const { status, stderr, inserted } = await suffer(t, "killed");
	t.is(status, exitStatus.unended);
	t.true(stderr.startsWith(`${named("stuck")} hangs: it has not ended after `), stderr);
	t.deepEqual(inserted, ["m0", "m1", "m2", "stuck", "stuck"]);
});

test("the agent ends at SIGTERM beside a driver that hangs, says so, and its place is free for the next", async (t) => {
	const { ended, last, next } = await suffer(t, "agent");
	t.deepEqual(ended, { status: 0, signal: null, stderr: "" });
	t.deepEqual(last, [
		"SIGTERM: no further module or command begins; waiting for those that run, and not for modules that hang: stuck",
		[],
		["stuck"],
	]);
	t.is(next, "stopped, and did not wait for modules that hang: stuck");
});
