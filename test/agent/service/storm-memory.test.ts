import { setTimeout } from "node:timers/promises";
import test from "ava";
import type { Batch } from "../../../src/agent/decisions/batch.js";
import type { Decision } from "../../../src/agent/decisions/decider.js";
import type { Uevent } from "../../../src/agent/devices/uevent.js";
import { makeAftermath } from "../../../src/agent/service/storm-memory.js";
import type { Report } from "../../../src/agent/telling/report.js";
import { until } from "../../support/running/until.js";

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

function makeStorm(quietMilliseconds: number) {
	let trims = 0;
	const record = makeAftermath({ trim: () => void trims++, quietMilliseconds, storm: 100 });
	const trimmed = () => until(() => trims > 0);
	return { record, trimmed, trims: () => trims };
}

test("the quiet behind a storm gives its memory back, once for each storm", async (t) => {
	const { record, trimmed, trims } = makeStorm(1);
	record(heard(60));
	record(decided(60));
	record(heard(200));
	await trimmed();
	await setTimeout(10);
	t.is(trims(), 1);
	record(heard(100));
	await until(() => trims() === 2);
	t.pass();
});

test("few uevents are no storm, and other reports none at all", async (t) => {
	const { record, trims } = makeStorm(0);
	record(heard(99));
	for (let i = 0; i < 1000; i++) record({ kind: "walked", devices: 1000 });
	await setTimeout(10);
	t.is(trims(), 0);
});

test("while the storm goes on nothing is given back", async (t) => {
	const quietMilliseconds = 50;
	const { record, trimmed, trims } = makeStorm(quietMilliseconds);
	const begun = performance.now();
	let last = begun;
	let longestPause = 0;
	while (last - begun < 3 * quietMilliseconds) {
		record(heard(100));
		await setTimeout(1);
		longestPause = Math.max(longestPause, performance.now() - last);
		last = performance.now();
	}
	// A busy machine may have made a pause of its own.
	t.true(trims() === 0 || longestPause >= quietMilliseconds);
	await trimmed();
	t.pass();
});
