import test from "ava";
import { findCriticalPath } from "../../../src/agent/timeline/critical-path.js";
import type { Timeline, TimelineModule, TimelineWait } from "../../../src/agent/timeline/timeline.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";

const one = (module: string, times: readonly number[], ...waits: readonly TimelineWait[]): TimelineModule => {
	const [wanted = 0, ready = 0, begun = 0, ended = 0] = times;
	return { ...sampleTimeline.modules[0]!, module, wanted, ready, begun, ended, waits, rivals: [] };
};
const timeline = (...modules: readonly TimelineModule[]): Timeline => ({ ...sampleTimeline, marks: [], modules });
const path = (of: Timeline): readonly string[] =>
	findCriticalPath(of).map(({ one: { module }, after }) => (after === undefined ? module : `${after} ${module}`));

test("the path leads from the module that ended last to what it waited for last, and so on", (t) => {
	t.deepEqual(path(sampleTimeline), ["ptp", "dependency e1000e", "rival e1000x"]);
	const all = timeline(
		one("short", [0, 0, 0, 10]),
		one("long", [0, 0, 0, 50]),
		one(
			"last",
			[0, 50, 50, 60],
			{ kind: "dependency", module: "short", until: 10 },
			{ kind: "softdep", module: "long", until: 50 },
		),
		one("other", [0, 0, 0, 55]),
	);
	t.deepEqual(path(all), ["long", "softdep last"]);
});

test("a permit leads to the module whose end freed it, of several that with the longest init", (t) => {
	const permit = { kind: "permit", until: 40 } as const;
	const all = timeline(
		one("early", [0, 0, 0, 9]),
		one("brief", [0, 0, 35, 40]),
		one("long", [0, 0, 0, 39.5]),
		one("last", [0, 10, 40, 60], permit),
	);
	t.deepEqual(path(all), ["long", "permit last"]);
});

test("a module that ended after the devices had settled is not on the path, and without any there is none", (t) => {
	const settled = { kind: "settled", at: 100 } as const;
	const all = timeline(one("before", [0, 0, 0, 90]), one("after", [0, 0, 0, 200]));
	t.deepEqual(path({ ...all, marks: [settled] }), ["before"]);
	t.deepEqual(path(all), ["after"]);
	t.deepEqual(path(timeline()), []);
});

test("modules that claim to have waited for each other end the path", (t) => {
	const all = timeline(
		one("a", [0, 5, 5, 10], { kind: "dependency", module: "b", until: 5 }),
		one("b", [0, 5, 5, 9], { kind: "dependency", module: "a", until: 5 }),
	);
	t.deepEqual(path(all), ["b", "dependency a"]);
});
