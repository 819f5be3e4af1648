// coldplug --timeline FILE, on a machine in memory.
import test from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import { checkTimeline } from "../../../src/agent/timeline/timeline-reading.js";
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { type FakeMachine, type FakeMachineOptions, makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { until } from "../../support/running/until.js";
import type { World } from "../../support/worlds/world.js";

const world: World = {
	modules: { card: ["base"], base: [], lone: [] },
	aliases: { "x:card": "card", "x:lone": "lone" },
};
const devices = { card: "x:card", lone: "x:lone" };
const FILE = "/work/boot.json";

const machineWith = (more: Partial<FakeMachineOptions> = {}): FakeMachine =>
	makeFakeMachine({ world, devices, ...more });
const load = (machine: FakeMachine, ...words: readonly string[]): Promise<number> =>
	coldplug.start(["--quiet", "20", ...words], machine);

function timelineOf(machine: FakeMachine) {
	const timeline = checkTimeline(JSON.parse(machine.fileOf(FILE) ?? "null"));
	if (typeof timeline === "string") throw new Error(timeline);
	return timeline;
}

test("coldplug writes when each module was wanted, began and ended, and says nothing of it", async (t) => {
	const machine = machineWith({ answers: { lone: "ENODEV" } });
	t.is(await load(machine, "--timeline", FILE), exitStatus.done);
	t.is(machine.printed() + machine.complained(), "");
	const { command, kernel, modules, marks } = timelineOf(machine);
	t.deepEqual([command, kernel], ["coldplug", machine.fakeKernel.release]);
	t.deepEqual(modules.map(({ module, result }) => `${module} ${result}`).sort(), [
		"base inserted",
		"card inserted",
		"lone no device",
	]);
	const card = modules.find(({ module }) => module === "card")!;
	t.like(card, { try: 1, batch: 1, cause: { kind: "alias", device: "/devices/card", alias: "x:card" } });
	t.like(card.waits[0], { kind: "dependency", module: "base" });
	t.deepEqual([...new Set(marks.map(({ kind }) => kind))].sort(), ["listening", "settled", "walked"]);
});

test("a picture and a page are written too", async (t) => {
	const machine = machineWith();
	t.is(await load(machine, "--timeline=/work/x.svg"), exitStatus.done);
	t.regex(machine.fileOf("/work/x.svg") ?? "", /^<svg xmlns=[\s\S]*<title>card\n/);
	t.is(await load(machineWith(), "--timeline=/work/x.html"), exitStatus.done);
});

test("a module that hangs has no end, and what waits for it says so", async (t) => {
	const machine = machineWith({ held: true, files: { "/etc/hotplugd.toml": "hung_seconds = 1\n" } });
	const ended = load(machine, "--timeline", FILE);
	await until(() => machine.fakeKernel.underway().includes("lone"));
	await machine.fakeKernel.end("lone");
	t.is(await ended, exitStatus.unended);
	const { modules } = timelineOf(machine);
	const base = modules.find(({ module }) => module === "base")!;
	t.true(base.begun !== undefined && base.hung !== undefined && base.ended === undefined);
	t.like(
		modules.find(({ module }) => module === "card"),
		{ stuck: "base", begun: undefined, ended: undefined },
	);
});

test("a file that cannot be written changes nothing of what is loaded: one sentence, and the status 1 if nothing was worse", async (t) => {
	const sentence = `coldplug: could not write ${FILE}: EROFS\n`;
	const machine = machineWith({ unwritable: [FILE] });
	t.is(await load(machine, "--timeline", FILE), exitStatus.unable);
	t.is(machine.complained(), sentence);
	t.is(machine.fakeKernel.begun.length, 3);
	const worse = machineWith({ unwritable: [FILE], answers: { base: "EIO" } });
	t.is(await load(worse, "-q", "--timeline", FILE), exitStatus.driverFailed);
	t.true(worse.complained().endsWith(sentence));
});

test("--timeline of a dry run, or of no known format, is a usage error, and nothing is begun", async (t) => {
	for (const [words, sentence] of [
		[["--dry-run", "--timeline", FILE], "--timeline tells what was loaded: it cannot be used with --dry-run"],
		[["--timeline", "x.png"], "--timeline x.png: its name ends in none of .svg, .html and .json"],
		[["--timeline="], "--timeline : its name ends in none of .svg, .html and .json"],
	] as const) {
		const machine = machineWith();
		t.is(await load(machine, ...words), exitStatus.usage);
		t.is(machine.complained(), `coldplug: ${sentence}\n`);
		t.deepEqual(machine.fakeKernel.begun, []);
		t.deepEqual(machine.asked, []);
	}
});
