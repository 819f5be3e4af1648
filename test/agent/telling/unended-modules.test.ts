import test from "ava";
import { planBatch } from "../../../src/agent/decisions/batch.js";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import {
	explainUnended,
	isAnythingUnended,
	makeUnendedBook,
	unendedRecord,
} from "../../../src/agent/telling/unended-modules.js";
import type { Running } from "../../../src/libkmod/insertion/inserter.js";
import { makeWorld } from "../../support/worlds/world.js";

const knowledge = makeWorld({
	modules: { card: ["base"], base: [], lone: [] },
	aliases: { "x:card": "card", "x:lone": "lone" },
});
const decisions = makeDecider(knowledge)({ devpath: "/devices/1", aliases: ["x:card", "x:lone"] });
const batch = planBatch(1, knowledge, decisions, { isLive: () => false, wasTried: () => false });

function bookAfter(...ended: readonly string[]) {
	const book = makeUnendedBook();
	book.record({ kind: "batch", batch });
	for (const step of batch.plan)
		if (ended.includes(step.module))
			book.record({ kind: "outcome", batch: 1, outcome: { step, result: "inserted", milliseconds: 1 } });
	return book;
}

const running = (module: string, milliseconds: number, hung: boolean): Running => ({ module, milliseconds, hung });

test("where all has ended there is nothing to say", (t) => {
	const unended = bookAfter("base", "card", "lone").list([]);
	t.false(isAnythingUnended(unended));
	t.deepEqual(explainUnended(unended), []);
});

test("what hangs is told from what takes long, and what waits stands behind both", (t) => {
	const unended = bookAfter().list([running("base", 60_400, true), running("lone", 2345, false)]);
	t.true(isAnythingUnended(unended));
	t.deepEqual(explainUnended(unended), [
		"base (dependency of card) hangs: it has not ended after 60 s, and is left to end",
		"lone (/devices/1: x:lone matches x:lone (alias index)) was not waited for any longer: it has not ended after 2.3 s, and is left to end",
		"modules not begun, since the modules that they wait for have not ended: card",
	]);
	t.deepEqual(unendedRecord(unended), {
		kind: "unended",
		running: [
			{ module: "base", milliseconds: 60_400, hung: true },
			{ module: "lone", milliseconds: 2345, hung: false },
		],
		waiting: ["card"],
	});
});

test("what no batch has is named all the same", (t) => {
	t.deepEqual(explainUnended(makeUnendedBook().list([running("odd", 1000, true)])), [
		"odd hangs: it has not ended after 1.0 s, and is left to end",
	]);
});
