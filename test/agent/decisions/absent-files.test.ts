import test from "ava";
import { findAbsence, MOST_TRIES, PAUSES } from "../../../src/agent/decisions/absent-files.js";
import type { Outcome } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";

const step = (how: object): Step =>
	({ module: "m", required: true, after: [], parameters: "", cause: { kind: "name" }, ...how }) as never;
const insert = step({ how: "insert", path: "/lib/m.ko" });
const failed = (reason: Error, of = insert): Outcome => ({ step: of, result: "failed", milliseconds: 1, reason });
const gone = failed(new Refusal({ operation: "open", subject: "/lib/m.ko", code: "ENOENT" }));

test("a file that is gone, or that no descriptor was left for, may come back", (t) => {
	t.deepEqual(findAbsence(gone), { path: "/lib/m.ko" });
	t.deepEqual(
		findAbsence(failed(new Refusal({ operation: "open", subject: "/lib/m.ko", code: "EMFILE", errno: 24 }))),
		{ path: "/lib/m.ko" },
	);
	t.deepEqual(findAbsence({ step: insert, result: "blocked", milliseconds: 0, because: gone }), { path: "/lib/m.ko" });
});

test("other indexes may tell of a file that they do not name", (t) => {
	const missing = step({ how: "missing" });
	t.deepEqual(findAbsence({ step: missing, result: "missing", milliseconds: 0 }), { path: undefined });
});

test("the program of an install command may come back", (t) => {
	const run = (command: string) =>
		({ step: step({ how: "run", command }), result: "failed", milliseconds: 1 }) as const;
	t.deepEqual(findAbsence({ ...run("/sbin/load m"), exitStatus: 127 }), { path: "/sbin/load" });
	t.deepEqual(findAbsence({ ...run("load m"), exitStatus: 127 }), { path: undefined });
	t.is(findAbsence({ ...run("/sbin/load m"), exitStatus: 1 }), undefined);
});

test("what the kernel refuses, and what came to life, is not waited for", (t) => {
	t.is(findAbsence(failed(new Refusal({ operation: "insert", subject: "/lib/m.ko", code: "ENOENT" }))), undefined);
	t.is(findAbsence(failed(new Error("no"))), undefined);
	t.is(findAbsence({ step: insert, result: "inserted", milliseconds: 1 }), undefined);
	t.is(findAbsence({ step: insert, result: "stopped", milliseconds: 0 }), undefined);
});

test("the looks for a file become rarer, and end", (t) => {
	t.true(PAUSES.every((pause, look) => pause >= (PAUSES[look - 1] ?? 0)));
	const hours = PAUSES.reduce((sum, pause) => sum + pause, 0) / 3_600_000;
	t.true(hours > 0.5 && hours < 2, `${hours}`);
	t.true(MOST_TRIES < PAUSES.length);
});
