// A column is a millisecond, and the quiet time is 4 milliseconds. Of the script: o an outcome, a a device came up, x another
// uevent was heard, c chatter, W a look has ended, m devices were missed, L a look begins, D a socket failed, l a socket is
// bound, A a client asks, H a module hangs. Told after the column's number: q quiet, i idle, S settled, | the end.
import test, { type ExecutionContext } from "ava";
import { BehaviorSubject } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import type { PipelineEvent } from "../../../src/agent/pipeline/events.js";
import { beforeAll, countProgress } from "../../../src/agent/pipeline/progress.js";
import { untilQuiet } from "../../../src/agent/pipeline/quiet.js";

const QUIET_MILLISECONDS = 4;

const uevent = (action: string) => ({ action, devpath: "/devices/a", seqnum: 1, aliases: [] });

const events: Readonly<Record<string, PipelineEvent>> = {
	o: { kind: "outcome", batch: 1, outcome: undefined as never },
	a: { kind: "heard", uevents: [uevent("add")] },
	x: { kind: "heard", uevents: [uevent("change")] },
	c: { kind: "chatter" },
	W: { kind: "walked", devices: 0 },
	m: { kind: "missed" },
	L: { kind: "looking" },
	D: { kind: "deaf", error: new Error("no") },
	l: { kind: "opened", waiting: () => 0 },
	A: { kind: "decided", decisions: [], asking: {} },
	H: { kind: "hung", step: undefined as never, milliseconds: 1 },
};

type Story = {
	readonly script: string;
	readonly stop?: string;
	readonly leave?: string;
	/** The number of modules in progress in each column; the last digit repeats. */
	readonly busy?: string;
	readonly coldplug?: boolean;
	readonly lookAtStart?: boolean;
	/** The signs of each column that has any. */
	readonly told: readonly string[];
};

const marks: Readonly<Record<string, string>> = { quiet: "q", idle: "i", settled: "S" };

const story = test.macro((t: ExecutionContext, all: Story) => {
	const { script, stop = "", leave = "", busy = "0", coldplug = false, lookAtStart = true, told } = all;
	const scheduler = new TestScheduler(t.deepEqual);
	const columns: string[] = [];
	scheduler.run(({ cold }) => {
		const progress = new BehaviorSubject({ ...beforeAll, isLookDue: false });
		const quiet = cold(script, events).pipe(
			countProgress(progress),
			untilQuiet({
				progress,
				quietMilliseconds: QUIET_MILLISECONDS,
				lookAtStart,
				busy: () => Number(busy[Math.min(scheduler.now(), busy.length - 1)]),
				endWhenSettled: coldplug,
				stop: cold(stop),
				leave: cold(leave),
				scheduler,
			}),
		);
		const mark = (sign: string): void => {
			columns[scheduler.now()] = (columns[scheduler.now()] ?? "") + sign;
		};
		quiet.subscribe({ next: ({ kind }) => mark(marks[kind] ?? ""), complete: () => mark("|") });
	});
	t.deepEqual(
		Object.entries(columns).flatMap(([column, signs]) => (signs === "" ? [] : [`${column} ${signs}`])),
		told,
	);
});

test("things are settled when nothing has come up or ended for the quiet time", story, {
	script: "W-a-o",
	told: ["8 qiS"],
});

test("coldplug ends then", story, { script: "W", coldplug: true, told: ["4 qiS|"] });

test("a daemon goes on, is idle again each time, and settled once", story, {
	script: "W-----o",
	told: ["4 qiS", "10 qi"],
});

test("what loads nothing keeps nobody from being settled, but is a reason to ask what was lost", story, {
	script: "W-xx-----c",
	told: ["4 qiS", "6 q", "13 q"],
});

test("who asks, and what hangs, is something that happens", story, { script: "W--A--H", told: ["10 qiS"] });

test("while modules get on it is quiet and not settled", story, {
	script: "W-------o",
	busy: "11111111100",
	told: ["4 q", "12 qiS"],
});

test("while a look is due or goes on nothing is settled, and its end is something that happens", story, {
	script: "W--m--L---W",
	told: ["4 q", "14 qiS"],
});

test("what is told to be missed in the quiet itself keeps things from being settled", story, {
	script: "W---m",
	told: ["4 q"],
});

test("while no socket can be bound nothing is settled, until it has failed for so long", story, {
	script: "W-D--D--D--D",
	told: ["4 q", "15 qiS"],
});

test("a socket that is bound after failures is as good as one that never failed", story, {
	script: "W-D--l-a",
	told: ["4 q", "11 qiS"],
});

test("where nothing is looked at, silence alone tells", story, { script: "", lookAtStart: false, told: ["4 qiS"] });

test("told to stop, it ends when nothing gets on any more, and is not settled", story, {
	script: "W-------o",
	busy: "111111110",
	stop: "-s",
	told: ["4 q", "8 |"],
});

test("told to stop with nothing begun it ends at once", story, {
	script: "W",
	stop: "--s",
	told: ["2 |"],
});

test("told to leave it ends whatever is in flight", story, { script: "W", busy: "9", leave: "--l", told: ["2 |"] });
