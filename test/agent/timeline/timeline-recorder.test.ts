import test from "ava";
import type { Batch } from "../../../src/agent/decisions/batch.js";
import type { Report } from "../../../src/agent/telling/report.js";
import { MOST_MARKS, MOST_MODULES, type TimelineModule } from "../../../src/agent/timeline/timeline.js";
import { makeTimelineRecorder } from "../../../src/agent/timeline/timeline-recorder.js";
import type { Running } from "../../../src/libkmod/insertion/inserter.js";
import type { Outcome, Result } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Prerequisite, Step } from "../../../src/libkmod/planning/plan-insertion.js";

/** A recorder by a clock of the test's own, which began at 1000. */
function setUp() {
	let now = 1000;
	const running: Running[] = [];
	const recorder = makeTimelineRecorder({ command: "run", kernel: "6.1", running: () => running, now: () => now });
	const at = (milliseconds: number, report: Report): void => {
		now = 1000 + milliseconds;
		recorder.record(report);
	};
	return {
		at,
		running,
		recorder,
		timeline(milliseconds: number) {
			now = 1000 + milliseconds;
			return recorder.timeline();
		},
		module(name: string): TimelineModule {
			return recorder.timeline().modules.findLast(({ module }) => module === name)!;
		},
	};
}

const step = (module: string, ...after: readonly Prerequisite[]): Step => ({
	...{ module, how: "insert", path: `/${module}.ko`, parameters: "", required: true, after },
	cause: { kind: "name" },
});
const needs = (module: string): Prerequisite => ({ module, hard: true });
const softly = (module: string): Prerequisite => ({ module, hard: false });
const behind = (module: string): Prerequisite => ({ module, hard: false, rival: "pci:x" });

const batch = (number: number, ...plan: readonly Step[]): Report => ({
	kind: "batch",
	batch: { number, plan, decisions: [], wantedBy: new Map(), spared: [] } satisfies Batch,
});

const outcome = (module: string, result: Result, milliseconds: number, more: Partial<Outcome> = {}): Report => ({
	kind: "outcome",
	batch: 1,
	outcome: { step: step(module), result, milliseconds, ...more },
});

test("a module waits from its batch until its prerequisites and a permit are there, and its init is what the outcome took", (t) => {
	const { at, module } = setUp();
	at(10, batch(1, step("a"), step("b", needs("a"))));
	at(60, outcome("a", "inserted", 40));
	at(130, outcome("b", "inserted", 50, { late: true }));
	t.like(module("a"), { wanted: 10, ready: 10, begun: 20, ended: 60, result: "inserted", batch: 1, try: 1 });
	t.deepEqual(module("a").waits, []);
	t.like(module("b"), { wanted: 10, ready: 60, begun: 80, ended: 130 });
	t.deepEqual(module("b").waits, [
		{ kind: "dependency", module: "a", until: 60 },
		{ kind: "permit", until: 80 },
	]);
});

test("a report that waited for evidence ends its module when the module ended", (t) => {
	const { at, module } = setUp();
	at(10, batch(1, step("a")));
	at(500, { ...(outcome("a", "failed", 40) as Report & { kind: "outcome" }), late: 400 });
	t.like(module("a"), { wanted: 10, begun: 60, ended: 100 });
});

/** An outcome that waited for its evidence. */
const told = (late: number, batch: number, ...given: Parameters<typeof outcome>): Report => ({
	...(outcome(...given) as Report & { kind: "outcome" }),
	...{ batch, late },
});

test("a try that begins while the outcome of the earlier one waits for its evidence is a try of its own", (t) => {
	const { at, timeline } = setUp();
	at(0, batch(1, step("a")));
	at(100, batch(2, step("a")));
	at(200, batch(3, step("a")));
	at(500, told(450, 1, "a", "failed", 40));
	at(501, told(201, 2, "a", "inserted", 100));
	at(600, outcome("a", "failed", 1));
	const tries = timeline(700).modules.map((one) => [one.try, one.batch, one.wanted, one.begun, one.ended, one.result]);
	t.deepEqual(tries, [
		[1, 1, 0, 10, 50, "failed"],
		[2, 2, 200, 200, 300, "inserted"],
		[3, 1, 599, 599, 600, "failed"],
	]);
});

test("a module waited for one whose outcome is told only after its own", (t) => {
	const { at, module } = setUp();
	at(0, batch(1, step("slow"), step("x", softly("slow")), step("y", softly("slow")), step("z")));
	at(10, outcome("y", "inserted", 5));
	at(60, outcome("x", "inserted", 10));
	at(60, outcome("z", "inserted", 10));
	at(500, told(450, 1, "slow", "failed", 50));
	t.like(module("x"), { ready: 50, begun: 50, ended: 60 });
	t.deepEqual(module("x").waits, [{ kind: "softdep", module: "slow", until: 50 }]);
	t.deepEqual(module("z").waits, []);
	t.is(module("slow").ended, 50);
});

test("a module with a name that is cut ends too", (t) => {
	const { at, timeline } = setUp();
	at(0, batch(1, step("n".repeat(250))));
	at(10, outcome("n".repeat(250), "missing", 0));
	t.is(timeline(20).modules[0]!.result, "missing");
});

test("a prerequisite that had ended before was not waited for, and one that an earlier batch had begun was", (t) => {
	const { at, module } = setUp();
	at(0, batch(1, step("early"), step("late")));
	at(10, outcome("early", "inserted", 10));
	at(20, batch(2, step("late"), step("x", needs("early"), softly("late"))));
	at(50, outcome("late", "inserted", 50));
	at(70, outcome("x", "inserted", 20));
	t.like(module("late"), { batch: 1, wanted: 0 });
	t.deepEqual(module("x").waits, [{ kind: "softdep", module: "late", until: 50 }]);
	t.is(module("x").ready, 50);
});

test("a softdep that hangs is waited for until it is said to hang, a rival until it has ended", (t) => {
	const { at, module } = setUp();
	at(0, batch(1, step("slow"), step("soft", softly("slow")), step("rival", behind("slow"))));
	at(30, { kind: "hung", step: step("slow"), milliseconds: 30 });
	at(31, { kind: "stuck", step: step("rival", behind("slow")), behind: "slow" });
	at(40, outcome("soft", "inserted", 10));
	t.like(module("soft"), { ready: 30, begun: 30, waits: [{ kind: "softdep", module: "slow", until: 30 }] });
	t.like(module("rival"), { stuck: "slow", waits: [{ kind: "rival", module: "slow" }] });
	t.is(module("rival").ready, undefined);
	at(90, outcome("slow", "inserted", 90));
	at(95, outcome("rival", "no device", 5));
	t.like(module("slow"), { hung: 30, ended: 90, rivals: ["rival"] });
	t.like(module("rival"), { ready: 90, rivals: ["slow"], waits: [{ kind: "rival", module: "slow", until: 90 }] });
});

test("a prerequisite that ended long after the module had begun was not waited for", (t) => {
	const { at, module } = setUp();
	at(0, batch(1, step("other"), step("x", softly("other"))));
	at(500, outcome("other", "inserted", 400));
	at(600, outcome("x", "inserted", 599));
	t.like(module("x"), { begun: 1, ready: 0, waits: [] });
});

test("a refusal is told with its errno, an install command with its status", (t) => {
	const { at, module } = setUp();
	at(0, batch(1, step("x"), step("y")));
	const reason = new Refusal({ operation: "insert", subject: "x", code: "ENOEXEC", errno: 8 });
	at(5, outcome("x", "failed", 5, { reason }));
	at(6, outcome("y", "failed", 5, { exitStatus: 2 }));
	t.like(module("x"), { result: "failed", errno: "ENOEXEC", begun: 0 });
	t.regex(module("x").explanation!, /not a module for this kernel/);
	t.like(module("y"), { exitStatus: 2, explanation: "its install command ended with status 2: " });
});

test("a module without an init of its own did not begin", (t) => {
	const { at, module } = setUp();
	at(0, batch(1, step("m"), step("n"), step("o", needs("n")), step("p")));
	at(1, outcome("m", "masked", 0));
	at(2, outcome("n", "failed", 1));
	at(3, outcome("o", "blocked", 0));
	at(4, outcome("p", "live", 0));
	for (const [name, result] of [
		["m", "masked"],
		["o", "blocked"],
		["p", "live"],
	] as const)
		t.like(module(name), { result, begun: undefined });
	t.like(module("o"), { ready: 2, ended: 3, waits: [{ kind: "dependency", module: "n", until: 2 }] });
});

test("what is in flight has no end, and runs since the inserter began it", (t) => {
	const { at, running, timeline } = setUp();
	at(5, batch(1, step("x"), step("y", needs("x"))));
	running.push({ module: "x", milliseconds: 90, hung: false });
	const { modules, milliseconds } = timeline(100);
	t.is(milliseconds, 100);
	t.like(modules[0], { module: "x", wanted: 5, ready: 5, begun: 10, ended: undefined });
	t.like(modules[1], { module: "y", begun: undefined, waits: [{ kind: "dependency", module: "x" }] });
});

test("a later try of a module follows the first, and of many the first and the newest three are kept", (t) => {
	const { at, timeline } = setUp();
	for (let number = 1; number <= 6; number++) {
		at(100 * number, batch(number, step("x")));
		at(100 * number + 10, outcome("x", "failed", 10));
	}
	const { modules, forgotten } = timeline(1000);
	t.deepEqual(
		modules.map((one) => [one.try, one.batch, one.wanted]),
		[
			[1, 1, 100],
			[4, 4, 400],
			[5, 5, 500],
			[6, 6, 600],
		],
	);
	t.is(forgotten, 2);
});

test("marks are kept, and uevents, batches without a plan and unknown outcomes change nothing and do not read the clock", (t) => {
	let asked = 0;
	const now = () => ++asked;
	const recorder = makeTimelineRecorder({ command: "run", kernel: "6.1", running: () => [], now });
	t.is(asked, 1);
	recorder.record({ kind: "heard", uevents: [] });
	recorder.record(batch(1));
	recorder.record(outcome("unknown", "inserted", 5));
	t.is(asked, 1);
	recorder.record({ kind: "listening", receiveBuffer: 1 });
	recorder.record({ kind: "walked", devices: 61 });
	recorder.record({ kind: "lost", drops: 4 });
	recorder.record({ kind: "settled" });
	const { marks, modules } = recorder.timeline();
	t.deepEqual(modules, []);
	t.deepEqual(marks, [
		{ kind: "listening", at: 1 },
		{ kind: "walked", at: 2, count: 61 },
		{ kind: "lost", at: 3, count: 4 },
		{ kind: "settled", at: 4 },
	]);
});

test("the oldest tries and marks are forgotten, and what outsiders wrote is cut", (t) => {
	const { at, timeline } = setUp();
	for (let number = 0; number < MOST_MODULES + 5; number++) {
		at(number, batch(1, step(`m${number}`)));
		if (number < MOST_MARKS + 7) at(number, { kind: "lost", drops: number });
	}
	const all = timeline(9999);
	t.is(all.modules.length, MOST_MODULES);
	t.is(all.modules[0]?.module, "m5");
	t.is(all.marks.length, MOST_MARKS);
	t.is(all.forgotten, 12);
	const long = setUp();
	for (let number = 0; number < MOST_MODULES; number++)
		long.at(
			0,
			batch(
				1,
				step(`${number}${"\xe9".repeat(9999)}`, ...Array.from({ length: 99 }, (_, n) => needs(`needed_by_it_${n}`))),
			),
		);
	const { modules, forgotten } = long.timeline(1);
	t.true(modules.length > 500 && forgotten > 500, `${modules.length}, ${forgotten}`);
	t.is(modules[0]?.module.length, 120);
	t.true(JSON.stringify(modules).length < 2_000_000);
});
