import test from "ava";
import { makeListening } from "../../../src/agent/service/listening.js";
import type { Knowledge } from "../../../src/libkmod/knowledge/knowledge.js";

const lackingIndexes = { why: "no indexes", kind: "unusable" } as const;

function setUp(atStart: Knowledge["lacking"] = undefined) {
	const told: string[] = [];
	const state = { lacking: atStart, stopped: false };
	const listening = makeListening({
		readiness: {
			ready: () => void told.push("ready"),
			reloading: () => void told.push("reloading"),
			stopping: () => void told.push("stopping"),
			status: (text) => void told.push(`status: ${text}`),
			watchdogMilliseconds: undefined,
			watchdog: () => undefined,
		},
		onListening: (listens) => void told.push(listens ? "listens" : "does not listen"),
		lacking: () => state.lacking,
		isStopped: () => state.stopped,
	});
	const after = (act: () => void): readonly string[] => {
		told.length = 0;
		act();
		return [...told];
	};
	return { listening, state, told, after };
}

const heard = { kind: "listening", receiveBuffer: 4096 } as const;
const deaf = { kind: "deaf", error: new Error("no socket") } as const;

test("when the first socket listens the agent is ready, and a later one makes it listen again, and no more", (t) => {
	const { listening, told, after } = setUp();
	t.deepEqual(told, []);
	t.deepEqual(
		after(() => listening.record(heard)),
		["listens", "status: listening", "ready"],
	);
	t.deepEqual(
		after(() => listening.record(deaf)),
		["does not listen"],
	);
	t.deepEqual(
		after(() => listening.record(heard)),
		["listens"],
	);
});

test("without indexes an earlier agent's mark is removed, and the agent is ready without listening", (t) => {
	const { listening, state, told, after } = setUp(lackingIndexes);
	t.deepEqual(told, ["does not listen"]);
	t.deepEqual(
		after(() => listening.record(heard)),
		["status: no usable indexes yet: no indexes", "ready"],
	);
	state.lacking = undefined;
	t.deepEqual(
		after(() => listening.known(true)),
		["listens", "status: listening"],
	);
});

test("indexes that are found while no socket is bound do not make it listen", (t) => {
	const { listening, after } = setUp(lackingIndexes);
	t.deepEqual(
		after(() => listening.known(false)),
		[],
	);
});

test("a reload ends with readiness only where the agent was ready before, and is not stopped", (t) => {
	const { listening, state, after } = setUp();
	const reload = () => {
		listening.reloading(true);
		listening.reloading(false);
	};
	t.deepEqual(after(reload), ["reloading"]);
	listening.record(heard);
	t.deepEqual(after(reload), ["reloading", "ready"]);
	state.stopped = true;
	t.deepEqual(after(reload), ["reloading"]);
	t.deepEqual(
		after(() => listening.known(true)),
		["status: listening"],
	);
});

test("the stop takes the mark away before it is told", (t) => {
	const { listening, after } = setUp();
	listening.record(heard);
	t.deepEqual(after(listening.stopping), ["does not listen", "stopping"]);
});
