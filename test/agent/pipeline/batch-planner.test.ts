import test from "ava";
import { makeAttempts } from "../../../src/agent/decisions/attempts.js";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import { makeModulesUnderWay } from "../../../src/agent/decisions/modules-under-way.js";
import { BatchPlanner, type BatchPlannerOptions } from "../../../src/agent/pipeline/batch-planner.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { makeWorld } from "../../support/worlds/world.js";

const knowledge = makeWorld({ modules: { a: [], b: [] }, aliases: { "x:a": "a", "x:b": "b" } });
const decide = makeDecider(knowledge);
const comesUp = (devpath: string, ...aliases: readonly string[]) => decide({ devpath, aliases });

function setUp(options: Partial<BatchPlannerOptions> = {}) {
	const attempts = makeAttempts();
	const state = { resting: "", awaited: "", skipped: [] as string[], listed: 0 };
	const planner = new BatchPlanner(
		{
			knowledge: () => knowledge,
			listLive: () => {
				state.listed++;
				return new Set(["b"]);
			},
			onSkipped: (what, { message }) => void state.skipped.push(`${what}: ${message}`),
			...options,
		},
		{
			attempts,
			underWay: makeModulesUnderWay(),
			resting: { isResting: (module) => module === state.resting },
			files: { isAwaited: (module) => module === state.awaited },
		},
	);
	const plan = (decisions: ReturnType<typeof comesUp>, atOnce = false) =>
		planner.plan(decisions, atOnce).map((batch) => batch.plan.map(({ module }) => module));
	return { planner, attempts, state, plan };
}

test("the kernel is asked once for each call, and not at all where nothing is wanted", (t) => {
	const { state, plan } = setUp();
	t.deepEqual(plan(comesUp("/1", "x:a", "x:b")), [["a"]]);
	t.is(state.listed, 1);
	plan(comesUp("/2", "x:none"));
	t.is(state.listed, 1);
	plan(comesUp("/3", "x:a"));
	t.is(state.listed, 2);
});

test("a kernel that refuses its list keeps nothing from being planned, and only a fault is told", (t) => {
	const refusal = new Refusal({ operation: "read", subject: "/proc/modules", code: "EMFILE", errno: 24 });
	const thrownBy = (error: Error) =>
		setUp({
			listLive: () => {
				throw error;
			},
		});
	const refused = thrownBy(refusal);
	t.deepEqual(refused.plan(comesUp("/1", "x:a", "x:b")), [["a", "b"]]);
	t.deepEqual(refused.state.skipped, []);
	const faulty = thrownBy(new Error("a fault"));
	t.deepEqual(faulty.plan(comesUp("/1", "x:b")), [["b"]]);
	t.deepEqual(faulty.state.skipped, ["the list of live modules: a fault"]);
});

test("a module in its back-off is planned only when it is asked for at once", (t) => {
	const { state, plan } = setUp();
	state.resting = "a";
	t.deepEqual(plan(comesUp("/1", "x:a")), [[]]);
	t.deepEqual(plan(comesUp("/1", "x:a"), true), [["a"]]);
});

test("a module that was tried for a device is tried again for it while its file is awaited", (t) => {
	const { attempts, state, plan } = setUp();
	attempts.record("a", "/1");
	t.deepEqual(plan(comesUp("/1", "x:a")), [[]]);
	t.deepEqual(plan(comesUp("/2", "x:a")), [["a"]]);
	state.awaited = "a";
	t.deepEqual(plan(comesUp("/1", "x:a")), [["a"]]);
});

test("batches are numbered in a row, and one that could not be planned takes no number", (t) => {
	let isFaulty = false;
	const { planner, state } = setUp({
		knowledge: () => {
			if (isFaulty) throw new Error("a fault");
			return knowledge;
		},
	});
	const numbers = () => planner.plan(comesUp("/1", "x:a"), false).map(({ number }) => number);
	t.deepEqual(numbers(), [1]);
	isFaulty = true;
	const told: string[] = [];
	t.deepEqual(
		planner.plan(comesUp("/1", "x:a"), false, ({ message }) => told.push(message)),
		[],
	);
	t.deepEqual([told, state.skipped], [["a fault"], ["/1: x:a: a fault"]]);
	isFaulty = false;
	t.deepEqual(numbers(), [2]);
});
