import test from "ava";
import { planBatch } from "../../../src/agent/decisions/batch.js";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import { type Report, reportRecord } from "../../../src/agent/telling/report.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { makeWorld } from "../../support/worlds/world.js";

const knowledge = makeWorld({ modules: { card: ["base"], base: [] }, aliases: { "x:*": "card" } });
const decisions = makeDecider(knowledge)({ devpath: "/devices/1", aliases: ["x:1", "y:1"] });
const batch = planBatch(4, knowledge, decisions, { isLive: () => false, wasTried: () => false });

/** The records of a report as a line of JSON holds them. */
const records = (report: Report) => JSON.parse(JSON.stringify(reportRecord(report)));

test("a batch is a record for each step and one for each alias", (t) => {
	t.like(records({ kind: "batch", batch }), [
		{ kind: "step", batch: 4, level: 0, module: "base", how: "insert", required: true, why: "dependency of card" },
		{ kind: "step", batch: 4, level: 1, module: "card", after: [{ module: "base", hard: true }] },
		{ kind: "decision", batch: 4, device: "/devices/1", alias: "x:1", matches: [{ verdict: "wanted" }] },
		{ kind: "decision", batch: 4, device: "/devices/1", alias: "y:1", matches: [] },
	]);
});

test("an outcome is a record with its reason in words and by errno", (t) => {
	const [base, card] = batch.plan;
	const failed = {
		step: base!,
		result: "failed",
		milliseconds: 3.4,
		reason: new Refusal({ operation: "insert", subject: "/b", code: "EIO" }),
	} as const;
	t.like(records({ kind: "outcome", batch: 4, outcome: failed }), [
		{ kind: "outcome", batch: 4, module: "base", result: "failed", milliseconds: 3, required: true, errno: "EIO" },
	]);
	const blocked = { step: card!, result: "blocked", milliseconds: 0, because: failed } as const;
	const [record] = records({ kind: "outcome", batch: 4, outcome: blocked });
	t.regex(record.explanation, /^base is needed first: .*EIO/);
	t.false("errno" in record);
});

test("what else happened is a record of its own", (t) => {
	for (const report of [
		{ kind: "listening", receiveBuffer: 4096 },
		{ kind: "lost", drops: 2 },
		{ kind: "refused", count: 2 },
		{ kind: "walked", devices: 9 },
		{ kind: "settled" },
	] as const)
		t.deepEqual(records(report), [report]);
	for (const kind of ["deaf", "blind"] as const)
		t.deepEqual(records({ kind, error: new Error("it broke") }), [{ kind, reason: "it broke" }]);
});
