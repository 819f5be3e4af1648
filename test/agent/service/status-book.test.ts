import test from "ava";
import { BehaviorSubject } from "rxjs";
import { beforeAll } from "../../../src/agent/pipeline/progress.js";
import { makeStatusBook } from "../../../src/agent/service/status-book.js";
import { defaultSettings } from "../../../src/agent/settings/settings.js";
import { makeMetrics } from "../../../src/agent/telling/metrics.js";
import type { Outcome } from "../../../src/libkmod/insertion/outcome.js";
import { knowNothing } from "../../../src/libkmod/knowledge/knowledge.js";
import { makeWorld, moduleDirectory } from "../../support/worlds/world.js";

const outcome: Outcome = {
	step: {
		module: "m",
		how: "insert",
		path: "/m.ko",
		parameters: "",
		required: true,
		after: [],
		cause: { kind: "name" },
	},
	result: "inserted",
	milliseconds: 1.6,
};

function setUp(knowledge = makeWorld({ modules: {} })) {
	const clock = { now: 0, busy: 0 };
	const progress = new BehaviorSubject({ ...beforeAll, isLookDue: false });
	const inserter = { busy: () => clock.busy, running: () => [], inFlight: () => clock.busy, stuck: () => [] };
	const settings = { ...defaultSettings, quiet_milliseconds: 1000 };
	const options = { version: "1", source: "udev", knowledge, settings, counted: makeMetrics() } as const;
	const book = makeStatusBook(options, { inserter, progress } as never, () => clock.now);
	const state = (): [string, number] => {
		const { state, state_milliseconds } = book.status();
		return [state, state_milliseconds];
	};
	return { book, clock, progress, state };
}

test("it starts until it listens, works until nothing has ended for the quiet time, and then is settled", (t) => {
	const { book, clock, state } = setUp();
	clock.now = 10;
	t.deepEqual(state(), ["starting", 10]);
	book.record({ kind: "listening", receiveBuffer: 4096 });
	clock.now = 500;
	t.deepEqual(state(), ["working", 490]);
	book.record({ kind: "outcome", batch: 1, outcome });
	clock.now = 1499;
	t.is(state()[0], "working");
	clock.now = 2500;
	t.deepEqual(state(), ["settled", 1000]);
});

test("it works again when something is begun, and is settled again behind it", (t) => {
	const { book, clock, state } = setUp();
	book.record({ kind: "listening", receiveBuffer: 4096 });
	clock.now = 5000;
	t.deepEqual(state(), ["settled", 4000]);
	clock.busy = 1;
	t.is(state()[0], "working");
	const batch = { number: 2, decisions: [], plan: [outcome.step], wantedBy: new Map(), spared: [] };
	book.record({ kind: "batch", batch });
	book.record({ kind: "outcome", batch: 1, outcome });
	clock.busy = 0;
	clock.now = 5400;
	t.deepEqual(state(), ["working", 400]);
	clock.now = 6001;
	t.deepEqual(state(), ["settled", 1]);
});

test("while it looks it works, and once it stops it does nothing else", (t) => {
	const { book, clock, progress, state } = setUp();
	book.record({ kind: "listening", receiveBuffer: 4096 });
	clock.now = 5000;
	progress.next({ ...progress.value, isLooking: true });
	t.is(state()[0], "working");
	book.enter("reloading");
	t.deepEqual(state(), ["reloading", 0]);
	book.enter("stopping");
	book.enter("serving");
	t.is(state()[0], "stopping");
});

test("times are whole milliseconds, and the last twenty outcomes are told", (t) => {
	const { book, clock } = setUp();
	for (let n = 0; n < 30; n++) {
		clock.now += 0.7;
		book.record({ kind: "outcome", batch: n, outcome });
	}
	const { last_outcomes, milliseconds } = book.status();
	t.is(last_outcomes.length, 20);
	for (const { milliseconds_ago } of last_outcomes) t.true(Number.isInteger(milliseconds_ago));
	t.is(last_outcomes.at(-1)!.milliseconds, 2);
	t.is(milliseconds, 21);
});

test("indexes that could not be read are missing until they are, and were read never or so often", (t) => {
	const { book } = setUp(knowNothing(moduleDirectory, { why: "there are none", kind: "unusable" }));
	t.like(book.status().indexes, { directory: moduleDirectory, generation: 0, missing: "there are none" });
	book.renewed(makeWorld({ modules: {} }));
	t.like(book.status().indexes, { generation: 1, missing: undefined });
	book.missing("they are gone");
	t.like(book.status().indexes, { generation: 1, missing: "they are gone" });
});
