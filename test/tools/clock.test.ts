// The wall clock is set by an hour, ahead and back, while the executable waits: nothing ends sooner or later for that. Where the
// wall clock counted, a wait would be cut short, or take an hour, for which no session waits. The pipeline's waits one by one:
// test/agent/clock.test.ts.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { clockSession } from "../support/clock-session.js";
import { runSession } from "../support/network-namespace.js";
import { makeSteppedClock } from "../support/stepped-clock.js";

const HOUR = 3_600_000;

test("the clock that a test sets is the wall clock alone, of node and of every program", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "clock-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const clock = makeSteppedClock(join(folder, "clock"));
	const read = (command: string, ...words: readonly string[]): number =>
		Number(execFileSync(command, words, { env: { ...process.env, ...clock.environment, LD_PRELOAD: clock.library } }));
	clock.setAhead(-HOUR);
	const wall = Date.now();
	for (const [command, ...words] of [
		["date", "+%s000"],
		[process.execPath, "-p", "Date.now()"],
		[process.execPath, "-p", "+new Date()"],
	] as const)
		t.true(Math.abs(read(command, ...words) + HOUR - wall) < HOUR / 2, words.join(" "));
	const monotonic = Number(process.hrtime.bigint() / 1_000_000n);
	t.true(Math.abs(read(process.execPath, "-p", "Number(process.hrtime.bigint() / 1000000n)") - monotonic) < HOUR / 2);
});

for (const [way, milliseconds] of [
	["ahead", HOUR],
	["back", -HOUR],
] as const) {
	test(`the clock is set ${way} while coldplug waits for quiet: it waits as long as it was told`, async (t) => {
		const { quiet, ...end } = await runSession(t, clockSession, "coldplug", String(milliseconds));
		t.deepEqual(end, { status: 0, stderr: "" });
		t.true(quiet >= 1000, `${quiet}`);
	});

	test(`the clock is set ${way} in every wait of the daemon: each ends, and none too soon`, async (t) => {
		const took = await runSession(t, clockSession, "run", String(milliseconds));
		t.log(JSON.stringify(took));
		const { settled, metrics, exitStatus, stderr, uptime, ...waits } = took;
		t.deepEqual({ settled, metrics, exitStatus, stderr }, { settled: true, metrics: true, exitStatus: 0, stderr: "" });
		t.true(uptime > 0 && uptime < HOUR / 2, `${uptime}`);
		// Half of what each takes: node counts from when a turn of its event loop began, however long that takes.
		const least: Readonly<Record<string, number>> = {
			backOff: 125,
			commandLimit: 250,
			settleLimit: 250,
			hung: 2000,
			reload: 500,
		};
		t.deepEqual(Object.keys(waits).sort(), Object.keys(least).sort());
		for (const [wait, milliseconds] of Object.entries(least))
			t.true(waits[wait] >= milliseconds && waits[wait] < HOUR / 2, `${wait}: ${waits[wait]}`);
	});
}
