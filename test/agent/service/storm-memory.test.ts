// A column is a millisecond. The quiet time is 5 milliseconds, and a storm has 100 uevents and decisions.
import test, { type ExecutionContext } from "ava";
import { TestScheduler } from "rxjs/testing";
import type { Batch } from "../../../src/agent/decisions/batch.js";
import type { Decision } from "../../../src/agent/decisions/decider.js";
import type { Uevent } from "../../../src/agent/devices/uevent.js";
import { trimAfterStorms } from "../../../src/agent/service/storm-memory.js";
import type { Report } from "../../../src/agent/telling/report.js";

const uevent: Uevent = { action: "add", devpath: "/devices/x", seqnum: 1, aliases: [] };
const decision: Decision = { device: "/devices/x", alias: "x", matches: [] };
const heard = (count: number): Report => ({ kind: "heard", uevents: Array(count).fill(uevent) });
const decided = (count: number): Report => ({
	kind: "batch",
	batch: {
		number: 1,
		decisions: Array(count).fill(decision),
		plan: [],
		wantedBy: new Map(),
		spared: [],
	} satisfies Batch,
});

const reports: Readonly<Record<string, Report>> = {
	h: heard(60),
	d: decided(60),
	l: heard(200),
	f: heard(99),
	w: { kind: "walked", devices: 1000 },
};

const trims = test.macro((t: ExecutionContext, script: string, expected: readonly number[]) => {
	const trimmed: number[] = [];
	const scheduler = new TestScheduler(t.deepEqual);
	scheduler.run(({ cold }) => {
		const trim = () => void trimmed.push(scheduler.now());
		trimAfterStorms(cold(script, reports), { trim, quietMilliseconds: 5, scheduler, storm: 100 });
	});
	t.deepEqual(trimmed, expected);
});

test("the quiet behind a storm gives its memory back, once for each storm", trims, "hdl---------l---h----", [7, 21]);

test("few uevents are no storm, and other reports none at all", trims, `f${"w".repeat(1000)}`, []);

test("while the storm goes on nothing is given back", trims, "l--l--l--l--l--l---", [20]);
