import test from "ava";
import { MAY_HANG, makeSemaphore, type Permit } from "../../../src/libkmod/insertion/semaphore.js";
import { planInsertion } from "../../../src/libkmod/planning/plan-insertion.js";
import { makeWorld } from "../../support/worlds/world.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(parallel: number) {
	const semaphore = makeSemaphore(parallel, () => 0);
	const given: string[] = [];
	/** Acquires a permit for each module, in that order. */
	const ask = (...modules: readonly string[]) => ({
		given: modules.map(
			(module): Promise<Permit> =>
				semaphore.acquire(module).then((permit) => {
					given.push(module);
					return permit;
				}),
		),
	});
	return { semaphore, given, ask };
}

test("so many have a place at once, and whoever leaves lets the next one in", async (t) => {
	const { semaphore, given, ask } = setUp(2);
	const {
		given: [first],
	} = ask("a", "b", "c", "d");
	await turn();
	t.deepEqual(given, ["a", "b"]);
	t.is(semaphore.waiting(), 2);
	(await first!).release();
	await turn();
	t.deepEqual(given, ["a", "b", "c"]);
});

test("a place that is left twice is one place", async (t) => {
	const { given, ask } = setUp(1);
	const {
		given: [first],
	} = ask("a", "b", "c");
	const permit = await first!;
	permit.release();
	permit.release();
	await turn();
	t.deepEqual(given, ["a", "b"]);
});

test("a place that is lent lets another in, for as many as may hang, and is one place when it is left", async (t) => {
	const { semaphore, given, ask } = setUp(1);
	const all = ask(...Array.from({ length: MAY_HANG + 3 }, (_, n) => `h${n}`)).given;
	for (let n = 0; n <= MAY_HANG; n++) {
		t.false(semaphore.isFull());
		const permit = await all[n]!;
		permit.lend();
		permit.lend();
		await turn();
	}
	t.is(given.length, MAY_HANG + 1);
	t.true(semaphore.isFull());
	// The two modules that still ask get no permit before another one is released, and so do not count.
	t.is(semaphore.waiting(), 0);
	(await all[0]!).release();
	await turn();
	t.is(given.length, MAY_HANG + 2);
	t.is(semaphore.waiting(), 1);
});

test("who must not wait needs no place, and takes none from others", async (t) => {
	const { semaphore, given, ask } = setUp(1);
	ask("a", "b");
	await turn();
	semaphore.hurry(["b", "c"]);
	const {
		given: [, third],
	} = ask("d", "c");
	(await third!).release();
	await turn();
	t.deepEqual(given, ["a", "b", "c"]);
	semaphore.forget("c");
	ask("c");
	await turn();
	t.is(semaphore.waiting(), 2);
});

test("the module that the longest chain waits for comes first, whoever asked first", async (t) => {
	const { semaphore, given, ask } = setUp(1);
	const knowledge = makeWorld({ modules: { top: ["base"], base: [], lone: [] } });
	const wanted = ["lone", "top"].map((module) => ({ module, cause: { kind: "name" } as const }));
	semaphore.raise(planInsertion(knowledge, wanted));
	ask("lone", "base");
	await turn();
	t.deepEqual(given, ["base"]);
});

test("opened, it has a place for everybody", async (t) => {
	const { semaphore, given, ask } = setUp(1);
	ask("a", "b", "c");
	semaphore.open();
	await turn();
	t.deepEqual(given, ["a", "b", "c"]);
});
