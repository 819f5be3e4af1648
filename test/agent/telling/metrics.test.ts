import test from "ava";
import type { Command, CommandReport } from "../../../src/agent/commands/command-pool.js";
import type { Decision } from "../../../src/agent/decisions/decider.js";
import { makeMetrics } from "../../../src/agent/telling/metrics.js";
import type { Report } from "../../../src/agent/telling/report.js";
import type { Outcome, Result } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";

/** The counts after these reports. */
function counted(...reports: readonly (Report | CommandReport)[]) {
	const metrics = makeMetrics();
	for (const report of reports) metrics.record(report);
	return { counts: metrics.counts(), ...metrics.metrics() };
}

const step = (module: string, how: Partial<Step> = {}): Step =>
	({
		module,
		how: "insert",
		path: `/${module}.ko`,
		parameters: "",
		required: true,
		after: [],
		cause: { kind: "name" },
		...how,
	}) as Step;

const outcome = (module: string, result: Result, rest: Partial<Outcome> = {}): Report => ({
	kind: "outcome",
	batch: 1,
	outcome: { step: step(module), result, milliseconds: 3, ...rest },
});

const batch = (...decisions: readonly Partial<Decision>[]): Report => ({
	kind: "batch",
	batch: {
		number: 1,
		decisions: decisions.map((decision) => ({ device: "/devices/d", alias: "x", matches: [], ...decision })),
		plan: [],
		wantedBy: new Map(),
		spared: [],
	},
});

const matched: Pick<Decision, "matches"> = {
	matches: [{ found: { module: "a", via: "alias index", pattern: "x*" }, verdict: "wanted" }],
};

const uevent = { action: "add", devpath: "/devices/d", seqnum: 1, aliases: [] };

test("nothing was counted before anything was reported", (t) => {
	const { counts, insertions, ...rest } = counted();
	t.deepEqual(Object.values({ ...counts, modules_failed: 0 }), Array(10).fill(0));
	t.deepEqual(counts.modules_failed, {});
	t.is(insertions.count, 0);
	t.deepEqual(rest, {
		outcomes: {},
		commands: {},
		hung: 0,
		batches: 0,
		looks: 0,
		socket_failures: 0,
		requests_failed: 0,
	});
});

test("uevents are counted when they are heard", (t) => {
	t.is(
		counted({ kind: "heard", uevents: [uevent, uevent] }, { kind: "heard", uevents: [uevent] }).counts.events_received,
		3,
	);
});

test("what a socket counts so far is joined with what those before it did", (t) => {
	const listening: Report = { kind: "listening", receiveBuffer: 4096 };
	const { counts, socket_failures } = counted(
		listening,
		{ kind: "lost", drops: 2 },
		{ kind: "lost", drops: 5 },
		{ kind: "refused", count: 3 },
		{ kind: "deaf", error: new Error("it broke") },
		listening,
		{ kind: "refused", count: 1 },
		{ kind: "lost", drops: 4 },
	);
	t.is(counts.overruns, 9);
	t.is(counts.events_refused, 4);
	t.is(socket_failures, 1);
});

test("an alias is new once, repeated later, and unknown where no module has it", (t) => {
	const { counts, batches } = counted(
		batch({ alias: "a", ...matched }, { alias: "b" }),
		batch({ alias: "a", ...matched }, { alias: "b" }, { alias: "c", ...matched }),
	);
	t.like(counts, { aliases_new: 3, aliases_repeated: 2, aliases_unknown: 2 });
	t.is(batches, 2);
});

test("what is not looked up is not unknown, and what policy loads is no alias of a device's", (t) => {
	const source = { file: "p", line: 1 };
	const { counts } = counted(
		batch({ alias: "a", ignored: source }, { alias: "b", problem: new Error("x") }, { alias: "sg", rule: source }),
	);
	t.like(counts, { aliases_new: 2, aliases_unknown: 0 });
});

test("a storm of made-up aliases does not fill the memory: those seen are forgotten", (t) => {
	const metrics = makeMetrics();
	for (let n = 0; n < 20_000; n++) metrics.record(batch({ alias: `x:${n}` }));
	metrics.record(batch({ alias: "x:1" }));
	t.like(metrics.counts(), { aliases_new: 20_001, aliases_repeated: 0 });
});

test("outcomes are counted by result, failures by reason, and insertions by how long the kernel took", (t) => {
	const refusal = (code: string) => new Refusal({ operation: "insert", subject: "/x.ko", code, errno: 1 });
	const blocking = outcome("base", "failed", { reason: refusal("ENOEXEC") });
	const { counts, outcomes, insertions } = counted(
		outcome("a", "inserted", { milliseconds: 0.4 }),
		outcome("b", "inserted", { milliseconds: 40 }),
		outcome("c", "live"),
		outcome("d", "no device", { reason: refusal("ENODEV"), milliseconds: 1 }),
		blocking,
		outcome("f", "blocked", { because: (blocking as Report & { kind: "outcome" }).outcome, milliseconds: 0 }),
		outcome("g", "missing", { step: step("g", { how: "missing" }), milliseconds: 0 }),
		outcome("h", "failed", { step: step("h", { how: "run" } as Partial<Step>), exitStatus: 3, milliseconds: 900 }),
		outcome("i", "failed", { step: step("i", { required: false }), reason: refusal("EIO"), milliseconds: 400_000 }),
		outcome("j", "stopped", { milliseconds: 0 }),
		outcome("k", "masked", { milliseconds: 0 }),
	);
	t.is(counts.modules_inserted, 2);
	t.deepEqual(counts.modules_failed, { ENOEXEC: 2, missing: 1, command: 1 });
	t.deepEqual(outcomes, {
		inserted: 2,
		live: 1,
		"no device": 1,
		failed: 3,
		blocked: 1,
		missing: 1,
		stopped: 1,
		masked: 1,
	});
	t.is(insertions.count, 6);
	t.is(Math.round(1000 * insertions.sum), Math.round(0.4 + 40 + 3 + 1 + 3 + 400_000));
	const upTo = (seconds: number) => insertions.buckets.find((bucket) => bucket.seconds === seconds)?.count;
	t.deepEqual([upTo(0.001), upTo(0.005), upTo(0.05), upTo(180)], [2, 4, 5, 5]);
});

test("what hangs, looks and commands are counted", (t) => {
	const command = { device: "/devices/d" } as Command;
	const ended = (result: CommandReport["result"]): CommandReport => ({
		kind: "command",
		command,
		result,
		milliseconds: 1,
	});
	const { hung, looks, commands } = counted(
		{ kind: "hung", step: step("a"), milliseconds: 60_000 },
		{ kind: "walked", devices: 3 },
		{ kind: "walked", devices: 3 },
		{ kind: "settled" },
		ended("done"),
		ended("failed"),
		ended("done"),
	);
	t.deepEqual({ hung, looks, commands }, { hung: 1, looks: 2, commands: { done: 2, failed: 1 } });
});

test("what was told before does not change with what is counted later", (t) => {
	const metrics = makeMetrics();
	const tell = () => ({ ...metrics.metrics(), ...metrics.counts() });
	const before = tell();
	const copy = structuredClone(before);
	metrics.record(outcome("a", "inserted"));
	metrics.record(outcome("a", "failed", { reason: new Error("x") }));
	t.deepEqual(before, copy);
	t.notDeepEqual(tell(), copy);
});
