import test from "ava";
import type { Command } from "../../../src/agent/commands/command-pool.js";
import { makeStop, stopBy } from "../../../src/agent/service/stop.js";

const command: Command = {
	device: "/devices/x",
	action: "add",
	rule: { file: "/r.toml", line: 3 },
	command: ["/bin/x", "y"],
	environment: {},
	timeoutMilliseconds: 1000,
};

function setUp() {
	const done: string[] = [];
	const logged: [object, string][] = [];
	const note = (what: string) => () => void done.push(what);
	const running = [
		{ module: "slow", milliseconds: 5, hung: false },
		{ module: "stuck", milliseconds: 5, hung: true },
	];
	const stop = makeStop();
	const options: Parameters<typeof stopBy>[1] = {
		stop,
		listening: { stopping: note("listening") },
		book: { enter: (phase) => void done.push(`book: ${phase}`) },
		pipeline: { inserter: { running: () => running } as never, stop: note("pipeline") },
		commandPool: { underway: () => [command] },
		requests: { stop: note("requests") },
		journal: { info: (fields: object, message: string) => void logged.push([fields, message]) },
	};
	return { stop, options, done, logged };
}

test("requests are stopped before the pipeline, and what is awaited is logged apart from what hangs", (t) => {
	const { options, done, logged } = setUp();
	stopBy("SIGTERM", options);
	t.deepEqual(done, ["listening", "book: stopping", "requests", "pipeline"]);
	t.deepEqual(logged, [
		[
			{ running: ["slow"], hung: ["stuck"], commands: ["/bin/x for /devices/x (/r.toml line 3)"] },
			"SIGTERM: no further module or command begins; waiting for those that run, and not for modules that hang: stuck",
		],
	]);
});

test("a second cause changes nothing", (t) => {
	const { options, done, logged } = setUp();
	stopBy("SIGTERM", options);
	const before = [...done];
	stopBy("asked to stop", options);
	t.deepEqual(done, before);
	t.is(logged.length, 1);
});

test("the stop is seen by earlier subscribers, and by later ones at once", (t) => {
	const { stop, options } = setUp();
	const seen: string[] = [];
	stop.stopped.subscribe(() => seen.push("earlier"));
	t.false(stop.isStopped());
	t.deepEqual(seen, []);
	stopBy("SIGTERM", options);
	t.true(stop.isStopped());
	stop.stopped.subscribe(() => seen.push("later"));
	t.deepEqual(seen, ["earlier", "later"]);
});
