import test from "ava";
import { makeTimeScale } from "../../../src/agent/timeline/time-scale.js";
import { formatSpan, formatTick } from "../../../src/agent/timeline/time-text.js";
import type { Timeline } from "../../../src/agent/timeline/timeline.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";

const [first] = sampleTimeline.modules;
const during = (...spans: readonly (readonly [number, number])[]): Timeline => ({
	...sampleTimeline,
	marks: [],
	modules: spans.map(([wanted, ended]) => ({ ...first!, wanted, ready: wanted, begun: wanted, ended })),
});

test("a time is placed between the ends, and ticks are round and apart", (t) => {
	const scale = makeTimeScale(during([0, 400]), 100, 900);
	t.is(scale.x(0), 100);
	t.is(scale.x(400), 900);
	t.is(scale.x(200), 500);
	t.deepEqual(scale.cuts, []);
	t.deepEqual(
		scale.ticks.map(({ text }) => text),
		["0", "50 ms", "100 ms", "150 ms", "200 ms", "250 ms", "300 ms", "350 ms", "400 ms"],
	);
	for (const [number, { x }] of scale.ticks.entries()) t.true(number === 0 || x - scale.ticks[number - 1]!.x >= 50);
});

test("a long time in which nothing happens is cut out, and times keep their order", (t) => {
	const day = 86_400_000;
	const scale = makeTimeScale(during([100, 900], [day, day + 300], [3 * day, 3 * day + 50]), 0, 600);
	t.is(scale.cuts.length, 2);
	t.is(scale.cuts[0]?.milliseconds, day - 900);
	t.true(scale.x(900) - scale.x(100) > 300);
	t.true(scale.x(day + 300) - scale.x(day) > 100);
	const xs = [0, 100, 900, 5000, day, day + 300, 2 * day, 3 * day, 3 * day + 50].map(scale.x);
	t.deepEqual(
		xs.toSorted((a, b) => a - b),
		xs,
	);
	t.true(scale.ticks.some(({ text }) => text === "1 d 0 h"));
});

test("the time for which a module hangs may be cut, and nothing at all has a scale", (t) => {
	const hung = { ...first!, wanted: 0, ready: 0, begun: 10, ended: 90_000, hung: 60_000 };
	const scale = makeTimeScale(
		{ ...during([0, 500]), modules: [hung, { ...first!, wanted: 0, begun: 0, ended: 500 }] },
		0,
		600,
	);
	t.is(scale.cuts.length, 2);
	const empty = makeTimeScale(during(), 10, 90);
	t.true([0, 5, 1e12].map(empty.x).every((x) => x >= 10 && x <= 90));
});

test("durations and ticks are short", (t) => {
	const spans = [0, 0.04, 9.94, 9.96, 999.4, 1000, 9999, 12_344, 60_000, 185_400, 3_600_000, 90_000_000];
	t.deepEqual(spans.map(formatSpan), [
		"0 ms",
		"0 ms",
		"9.9 ms",
		"10 ms",
		"999 ms",
		"1.000 s",
		"9.999 s",
		"12.34 s",
		"1 min 0 s",
		"3 min 5 s",
		"1 h 0 min",
		"1 d 1 h",
	]);
	t.deepEqual(
		[0, 50, 1500, 20_000, 60_000].map((at) => formatTick(at, at < 100 ? 50 : at < 5000 ? 500 : 10_000)),
		["0", "50 ms", "1.5 s", "20 s", "1 min 0 s"],
	);
});
