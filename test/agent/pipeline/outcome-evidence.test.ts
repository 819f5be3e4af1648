import { setImmediate } from "node:timers/promises";
import test from "ava";
import { VirtualTimeScheduler } from "rxjs";
import { type FindEvidence, OutcomeEvidence } from "../../../src/agent/pipeline/outcome-evidence.js";
import type { Evidence } from "../../../src/libkmod/evidence/evidence.js";
import type { Outcome, Result } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";

const stepOf = (module: string): Step => ({
	...{ module, how: "insert", path: `/${module}.ko`, parameters: "", required: true, after: [] },
	cause: { kind: "name" },
});
const ended = (module: string, result: Result, more: Partial<Outcome> = {}): Outcome => ({
	...{ step: stepOf(module), result, milliseconds: 0 },
	...more,
});
const refusalOf = (module: string, operation = "insert"): Refusal =>
	new Refusal({ operation, subject: `/${module}.ko`, code: "EPERM" });
const failed = (module: string): Outcome => ended(module, "failed", { reason: refusalOf(module) });

const unsigned: Evidence = { kind: "unsigned", isEnforced: true };

/** Searches whose ends the test decides. */
function setUp() {
	const time = new VirtualTimeScheduler();
	const searches = new Map<string, { resolve(evidence?: Evidence): void; reject(error: Error): void }>();
	const skipped: string[] = [];
	const told: string[] = [];
	const counted = { rounds: 0, searches: 0 };
	const find: FindEvidence = ({ module }) =>
		new Promise((resolve, reject) => {
			counted.searches++;
			searches.set(module, { resolve, reject });
		});
	const evidence = new OutcomeEvidence({
		openEvidence() {
			counted.rounds++;
			return find;
		},
		scheduler: time,
		onSkipped: (what, { message }) => skipped.push(`${what}: ${message}`),
	});
	const explain = (outcome: Outcome): void => {
		evidence.explain(outcome).subscribe((it) => told.push(tell(it)));
	};
	const end = async (module: string, found?: Evidence): Promise<void> => {
		searches.get(module)!.resolve(found);
		await setImmediate();
	};
	return { time, searches, skipped, told, counted, evidence, explain, end };
}

const tell = ({ step, result, evidence, because }: Outcome): string =>
	`${step.module} ${result}${evidence ? ` ${evidence.kind}` : ""}${because ? ` by ${tell(because)}` : ""}`;

test("what is no refusal by the kernel's loader is told at once, and nothing is looked for", (t) => {
	const { evidence, counted, explain, told } = setUp();
	const at = { ...stepOf("e"), how: "run", command: "x", source: { file: "/f", line: 1 } } as const;
	explain(ended("a", "inserted"));
	explain(ended("b", "failed", { reason: new Error("broken") }));
	explain(ended("c", "failed", { reason: refusalOf("c", "open") }));
	explain(ended("d", "no device", { reason: refusalOf("d") }));
	explain(ended("e", "failed", { step: at, exitStatus: 1 }));
	explain(ended("f", "blocked", { because: ended("c", "failed", { reason: refusalOf("c", "open") }) }));
	t.deepEqual(told, ["a inserted", "b failed", "c failed", "d no device", "e failed", "f blocked by c failed"]);
	t.deepEqual(counted, { rounds: 0, searches: 0 });
	t.is(evidence.busy(), 0);
});

test("without a search every outcome is told as it is", (t) => {
	const evidence = new OutcomeEvidence({ scheduler: new VirtualTimeScheduler() });
	const told: Outcome[] = [];
	const outcome = failed("a");
	evidence.explain(outcome).subscribe((it) => told.push(it));
	t.deepEqual(told, [outcome]);
});

test("a refusal is told with its evidence, and so is what it blocks, after one search", async (t) => {
	const { evidence, counted, explain, told, end } = setUp();
	const root = failed("a");
	explain(root);
	explain(ended("b", "blocked", { because: root }));
	explain(ended("c", "blocked", { because: ended("b", "blocked", { because: root }) }));
	await setImmediate();
	t.deepEqual(told, []);
	t.is(evidence.busy(), 3);
	await end("a", unsigned);
	t.deepEqual(told, [
		"a failed unsigned",
		"b blocked by a failed unsigned",
		"c blocked by b blocked by a failed unsigned",
	]);
	t.is(evidence.busy(), 0);
	t.is(counted.searches, 1);
});

test("where nothing is found the outcome is told as it is", async (t) => {
	const { explain, told, end } = setUp();
	explain(failed("a"));
	await setImmediate();
	await end("a");
	t.deepEqual(told, ["a failed"]);
});

test("a search that does not end holds up its own outcome for ten seconds, and no other", async (t) => {
	const { time, evidence, explain, told, end } = setUp();
	explain(failed("slow"));
	explain(failed("quick"));
	explain(ended("other", "inserted"));
	await setImmediate();
	await end("quick", unsigned);
	t.deepEqual(told, ["other inserted", "quick failed unsigned"]);
	time.flush();
	await setImmediate();
	t.is(time.now(), 10_000);
	t.is(told.at(-1), "slow failed");
	t.is(evidence.busy(), 0);
});

test("two searches run at once, and those that wait for their turn too long are given up", async (t) => {
	const { time, counted, explain, told, searches, end } = setUp();
	for (const module of ["a", "b", "c", "d"]) explain(failed(module));
	await setImmediate();
	t.deepEqual([...searches.keys()], ["a", "b"]);
	await end("b", unsigned);
	t.deepEqual([...searches.keys()], ["a", "b", "d"]);
	time.flush();
	await setImmediate();
	await end("a", unsigned);
	await end("d", unsigned);
	t.deepEqual([...told].sort(), ["a failed", "b failed unsigned", "c failed", "d failed"]);
	t.is(counted.searches, 3);
});

test("the outcomes of one module keep their order", async (t) => {
	const { explain, told, end } = setUp();
	explain(failed("a"));
	explain(ended("a", "inserted"));
	explain(ended("b", "inserted"));
	await setImmediate();
	t.deepEqual(told, ["b inserted"]);
	await end("a", unsigned);
	t.deepEqual(told, ["b inserted", "a failed unsigned", "a inserted"]);
	explain(ended("a", "inserted"));
	t.is(told.length, 4);
});

test("a thousand failures at a time are one round, and a later one begins another", async (t) => {
	const time = new VirtualTimeScheduler();
	let rounds = 0;
	const openEvidence = () => {
		rounds++;
		return async () => unsigned;
	};
	const evidence = new OutcomeEvidence({ openEvidence, scheduler: time });
	let told = 0;
	for (let place = 0; place < 1000; place++) evidence.explain(failed(`m${place}`)).subscribe(() => told++);
	while (evidence.busy() > 0) await setImmediate();
	t.deepEqual([told, rounds], [1000, 1]);
	evidence.explain(failed("later")).subscribe();
	await setImmediate();
	t.is(rounds, 2);
});

test("a round ends after a second, since what the kernel allows may change", async (t) => {
	const { time, counted, explain, end } = setUp();
	explain(failed("a"));
	explain(failed("b"));
	explain(failed("c"));
	await setImmediate();
	time.schedule(() => undefined, 1000);
	time.maxFrames = 1000;
	time.flush();
	await end("a", unsigned);
	t.is(counted.searches, 3);
	t.is(counted.rounds, 2);
});

test("a search that throws is told as skipped, and its outcome without evidence", async (t) => {
	const { explain, told, skipped, searches } = setUp();
	explain(failed("a"));
	await setImmediate();
	searches.get("a")!.reject(new TypeError("a fault"));
	await setImmediate();
	t.deepEqual(skipped, ["the search for why the kernel refused a: a fault"]);
	t.deepEqual(told, ["a failed"]);
});

/** Lets so many milliseconds pass. */
async function pass(time: VirtualTimeScheduler, milliseconds: number): Promise<void> {
	time.schedule(() => undefined, milliseconds);
	time.maxFrames = time.now() + milliseconds;
	time.flush();
	await setImmediate();
}

test("behind searches that never end, later outcomes are told at once and no queue grows, until a disk answers", async (t) => {
	const { time, counted, explain, told, end } = setUp();
	explain(failed("a"));
	await setImmediate();
	await pass(time, 10_000);
	explain(failed("b"));
	await setImmediate();
	await pass(time, 10_000);
	t.deepEqual(told, ["a failed", "b failed"]);
	explain(failed("c"));
	t.deepEqual(told, ["a failed", "b failed", "c failed"]);
	t.is(counted.searches, 2);
	await end("b");
	explain(failed("d"));
	await setImmediate();
	await end("d", unsigned);
	t.is(told.at(-1), "d failed unsigned");
});

test("from a stop on, outcomes wait half a second for their evidence", async (t) => {
	const { time, evidence, explain, told } = setUp();
	explain(failed("a"));
	evidence.hurry();
	await pass(time, 400);
	explain(failed("b"));
	t.deepEqual(told, []);
	await pass(time, 100);
	t.deepEqual(told, ["a failed"]);
	await pass(time, 400);
	t.deepEqual(told, ["a failed", "b failed"]);
	t.is(evidence.busy(), 0);
});

test("where all searches are given up, their outcomes are told in their order, and later ones at once", async (t) => {
	const { time, evidence, explain, told } = setUp();
	const root = failed("a");
	explain(root);
	explain(ended("a", "inserted"));
	explain(ended("b", "blocked", { because: root }));
	const over = evidence.giveUp();
	await pass(time, 0);
	await over;
	t.deepEqual(told, ["a failed", "b blocked by a failed", "a inserted"]);
	explain(failed("c"));
	t.is(told.at(-1), "c failed");
});
