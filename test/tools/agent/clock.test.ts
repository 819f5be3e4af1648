// The wall clock is set by an hour, ahead and back, while the executable waits. No wait may end earlier or later because of
// that: a wait by the wall clock would be cut short, or would take an hour, longer than any session waits. The pipeline's waits
// one by one: test/agent/pipeline/clock.test.ts.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test, { type ExecutionContext } from "ava";
import { makeSteppedClock } from "../../support/fakes/stepped-clock.js";
import { clockSession } from "../../support/programs/clock-session.js";
import { runSession } from "../../support/running/network-namespace.js";

const HOUR_MILLISECONDS = 3_600_000;

/** A stepped clock, and the options with which a child process uses it. */
function clockOf(t: ExecutionContext) {
	const folder = mkdtempSync(join(tmpdir(), "clock-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const clock = makeSteppedClock(join(folder, "clock"));
	return { clock, options: { env: { ...process.env, ...clock.environment, LD_PRELOAD: clock.library } } };
}

test("the clock that a test sets is the wall clock alone, of node and of every program", (t) => {
	const { clock, options } = clockOf(t);
	const read = (command: string, ...words: readonly string[]): number => Number(execFileSync(command, words, options));
	clock.setAhead(-HOUR_MILLISECONDS);
	const wall = Date.now();
	for (const [command, ...words] of [
		["date", "+%s000"],
		[process.execPath, "-p", "Date.now()"],
		[process.execPath, "-p", "+new Date()"],
	] as const)
		t.true(Math.abs(read(command, ...words) + HOUR_MILLISECONDS - wall) < HOUR_MILLISECONDS / 2, words.join(" "));
	const monotonic = Number(process.hrtime.bigint() / 1_000_000n);
	t.true(
		Math.abs(read(process.execPath, "-p", "Number(process.hrtime.bigint() / 1000000n)") - monotonic) <
			HOUR_MILLISECONDS / 2,
	);
});

/**
 * The primitives behind every wait of this project outside of RxJS, each for half a second. The script prints how long each
 * took.
 */
const timers = `const { setTimeout: sleep } = require("node:timers/promises");
const begun = performance.now();
const took = () => Math.round(performance.now() - begun);
const ends = {
	setTimeout: new Promise((resolve) => setTimeout(() => resolve(took()), 500)),
	setInterval: new Promise((resolve) => {
		const interval = setInterval(() => resolve(clearInterval(interval) ?? took()), 500);
	}),
	promise: sleep(500).then(took),
	thread: new Promise((resolve) => {
		const wait = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)";
		new (require("node:worker_threads").Worker)(wait, { eval: true }).on("exit", () => resolve(took()));
	}),
	child: new Promise((resolve) => require("node:child_process").spawn("sleep", ["0.5"]).on("exit", () => resolve(took()))),
};
console.log("they wait");
Promise.all(Object.entries(ends).map(async ([name, end]) => [name, await end])).then((all) =>
	console.log(JSON.stringify(Object.fromEntries(all))),
);`;

for (const [way, milliseconds] of [
	["ahead", HOUR_MILLISECONDS],
	["back", -HOUR_MILLISECONDS],
] as const) {
	test(`the clock is set ${way} while node's timers and threads wait: they go by CLOCK_MONOTONIC`, async (t) => {
		const { options, clock } = clockOf(t);
		const child = spawn(process.execPath, ["-e", timers], { ...options, stdio: ["ignore", "pipe", "inherit"] });
		const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
		t.is((await lines.next()).value, "they wait");
		clock.setAhead(milliseconds);
		const took = JSON.parse((await lines.next()).value!);
		t.is(Object.keys(took).length, 5);
		for (const [name, time] of Object.entries(took)) t.true(Number(time) >= 250, `${name}: ${time}`);
	});

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
		t.true(uptime > 0 && uptime < HOUR_MILLISECONDS / 2, `${uptime}`);
		// Half of each wait: node counts a timer from the start of a turn of its event loop, and a turn may take long.
		const least: Readonly<Record<string, number>> = {
			backOff: 125,
			commandLimit: 250,
			settleLimit: 250,
			hung: 2000,
			reload: 500,
		};
		t.deepEqual(Object.keys(waits).sort(), Object.keys(least).sort());
		for (const [wait, milliseconds] of Object.entries(least))
			t.true(waits[wait] >= milliseconds && waits[wait] < HOUR_MILLISECONDS / 2, `${wait}: ${waits[wait]}`);
	});
}
