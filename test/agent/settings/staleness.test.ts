import { setTimeout } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { ReadTrace } from "../../../src/agent/settings/read-trace.js";
import { watchStaleness } from "../../../src/agent/settings/staleness.js";
import { until } from "../../support/running/until.js";

const HOUR_MILLISECONDS = 3_600_000;

type Times = { readonly quietMilliseconds?: number; readonly pollMilliseconds?: number };

/** Starts a watch of a trace whose state is a number: `before` as it was read, `now` as it is. */
function start(t: ExecutionContext, { quietMilliseconds = 20, pollMilliseconds = HOUR_MILLISECONDS }: Times = {}) {
	let state = 0;
	let stale = 0;
	let refreshed = 0;
	const followed: (readonly string[])[] = [];
	const freshness = watchStaleness({
		watch: {
			follow: (directories) => void followed.push(directories),
			refresh: () => void refreshed++,
			close: () => void followed.push([]),
		},
		quietMilliseconds,
		pollMilliseconds,
		onStale: () => stale++,
	});
	t.teardown(() => freshness.close());
	const trace = (before: number): ReadTrace => ({
		files: { read: () => undefined, list: () => undefined, stamp: () => undefined },
		before: `${before}`,
		now: () => `${state}`,
		directories: () => [`/${before}`],
	});
	return {
		freshness,
		trace,
		followed,
		hint: () => freshness.hint(),
		refreshed: () => refreshed,
		stale: () => stale,
		change(to: number) {
			state = to;
		},
	};
}

test("a change is told once, however often it is hinted at", async (t) => {
	const { freshness, trace, change, hint, stale } = start(t);
	freshness.follow(trace(0));
	change(1);
	for (let i = 0; i < 10; i++) hint();
	await until(() => stale() > 0);
	hint();
	await setTimeout(100);
	t.is(stale(), 1);
});

test("as long as things change nothing is told, and when they do not, once", async (t) => {
	const { freshness, trace, change, hint, stale } = start(t, { quietMilliseconds: 200 });
	freshness.follow(trace(0));
	let last = performance.now();
	let longestPause = 0;
	for (let i = 1; i <= 50; i++) {
		change(i);
		hint();
		await setTimeout(10);
		longestPause = Math.max(longestPause, performance.now() - last);
		last = performance.now();
	}
	// On a busy machine this test may have paused for longer than the quiet time.
	const early = stale();
	t.true(early === 0 || longestPause >= 200);
	await until(() => stale() > 0);
	await setTimeout(500);
	t.true(stale() === Math.max(early, 1) || longestPause >= 200);
});

test("hints of nothing, or of what was put back, tell nothing", async (t) => {
	const { freshness, trace, change, hint, stale, refreshed } = start(t);
	freshness.follow(trace(0));
	hint();
	await until(() => refreshed() > 0);
	change(1);
	hint();
	change(0);
	await setTimeout(100);
	t.is(stale(), 0);
});

test("without a hint the change is found all the same", async (t) => {
	const { freshness, trace, change, stale } = start(t, { pollMilliseconds: 30 });
	freshness.follow(trace(0));
	await setTimeout(100);
	t.is(stale(), 0);
	change(1);
	await until(() => stale() > 0);
	await setTimeout(100);
	t.is(stale(), 1);
});

test("what has changed before it is followed is told, and what was read anew is fresh", async (t) => {
	const { freshness, trace, change, stale, followed } = start(t);
	change(1);
	freshness.follow(trace(0));
	await until(() => stale() === 1);
	freshness.follow(trace(1));
	await setTimeout(100);
	t.is(stale(), 1);
	change(0);
	freshness.follow(trace(1));
	await until(() => stale() === 2);
	t.deepEqual(followed, [["/0"], ["/1"], ["/1"]]);
});

test("what could not be read anew is told again when it has changed again", async (t) => {
	const { freshness, trace, change, hint, stale } = start(t);
	freshness.follow(trace(0));
	for (const state of [1, 2]) {
		change(state);
		hint();
		await until(() => stale() === state);
	}
	t.is(stale(), 2);
});

test("a closed one tells nothing", async (t) => {
	const { freshness, trace, change, hint, stale, followed } = start(t, { pollMilliseconds: 20 });
	freshness.follow(trace(0));
	change(1);
	hint();
	freshness.close();
	await setTimeout(100);
	t.is(stale(), 0);
	t.deepEqual(followed.at(-1), []);
});
