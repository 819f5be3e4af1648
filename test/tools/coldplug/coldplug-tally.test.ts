import test from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import type { Report } from "../../../src/agent/telling/report.js";
import type { Result } from "../../../src/libkmod/insertion/outcome.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";
import { ColdplugTally } from "../../../src/tools/coldplug/coldplug-tally.js";

const step: Step = {
	module: "m",
	how: "insert",
	path: "/m.ko",
	parameters: "",
	required: true,
	after: [],
	cause: { kind: "name" },
};

const begun: Report = {
	kind: "batch",
	batch: { number: 1, decisions: [], plan: [step], wantedBy: new Map(), spared: [] },
};
const ended = (result: Result, module = step.module): Report => ({
	kind: "outcome",
	batch: 1,
	outcome: {
		step: { ...step, module },
		result,
		milliseconds: 1,
		...(result === "failed" && { reason: new Error("it is broken") }),
	},
});
const settled: Report = { kind: "settled" };
const deaf: Report = { kind: "deaf", error: new Error("no socket") };
const listening: Report = { kind: "listening", receiveBuffer: 4096 };
const skipped: Report = { kind: "skipped", what: "a device", error: new Error("no") };

const running = [{ module: "m", milliseconds: 2000, hung: true }];

function conclude(reports: readonly Report[], stillRunning: typeof running = []) {
	const tally = new ColdplugTally();
	for (const report of reports) tally.record(report);
	return tally.conclude(stillRunning);
}

test("the last outcome of a module counts, not an earlier one", (t) => {
	t.is(conclude([begun, ended("failed"), ended("inserted"), settled]).status, exitStatus.done);
	const failed = conclude([begun, ended("inserted"), ended("failed"), settled]);
	t.is(failed.status, exitStatus.driverFailed);
	t.is(failed.complaints.length, 1);
	t.true(failed.complaints[0]!.includes("it is broken"));
});

test("what ends before it is settled was stopped", (t) => {
	t.is(conclude([begun, ended("failed")]).status, exitStatus.stopped);
});

test("a socket that failed is complained of unless another one was opened since", (t) => {
	const failed = conclude([deaf, settled]);
	t.is(failed.status, exitStatus.unable);
	t.deepEqual(failed.complaints, [
		"the uevent socket failed, so devices that came up meanwhile may be missing: no socket",
	]);
	t.deepEqual(conclude([deaf, listening, settled]).complaints, []);
});

test("what was skipped is told once, however often", (t) => {
	const { status, complaints } = conclude([skipped, skipped, settled]);
	t.is(status, exitStatus.unable);
	t.deepEqual(complaints, ["skipped a device: no"]);
});

test("a module that hangs gives its own status, also where others failed", (t) => {
	t.is(conclude([begun, ended("inserted"), ended("failed", "other"), settled]).status, exitStatus.driverFailed);
	t.is(conclude([begun, ended("failed", "other"), settled], running).status, exitStatus.unended);
	const { status, unended, complaints } = conclude([begun, skipped, settled], running);
	t.is(status, exitStatus.unended);
	t.deepEqual(
		unended.running.map(({ module }) => module),
		["m"],
	);
	t.is(complaints.length, 2);
	t.true(complaints[1]!.includes("hangs"));
});

test("the time is over only for what was not settled before", (t) => {
	const late = new ColdplugTally();
	late.timeOut();
	t.like(late.conclude([]), { status: exitStatus.unended, isTimedOut: true });
	const early = new ColdplugTally();
	early.record(settled);
	early.timeOut();
	t.like(early.conclude([]), { status: exitStatus.done, isTimedOut: false });
});

test("how far coldplug is counts each module once, and one that has ended again too", (t) => {
	const tally = new ColdplugTally();
	t.deepEqual(tally.count(), { known: 0, ended: 0 });
	for (const report of [begun, begun, ended("failed"), ended("inserted")]) tally.record(report);
	t.deepEqual(tally.count(), { known: 1, ended: 1 });
});

test("batches and outcomes are kept for a table alone", (t) => {
	t.is(conclude([begun, settled]).told, undefined);
	const tally = new ColdplugTally(true);
	for (const report of [begun, ended("failed"), ended("inserted"), settled]) tally.record(report);
	const { told } = tally.conclude([]);
	t.is(told?.batches.length, 1);
	t.is(told?.outcomes.get("m")?.result, "inserted");
});
