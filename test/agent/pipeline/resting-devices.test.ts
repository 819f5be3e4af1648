// Virtual time, in milliseconds. A back-off rests for 250 after the first failure.
import test from "ava";
import { NEVER, type Observable, Subject, VirtualTimeScheduler } from "rxjs";
import { makeAttempts } from "../../../src/agent/decisions/attempts.js";
import { makeBackOff } from "../../../src/agent/decisions/back-off.js";
import type { Batch, Spared } from "../../../src/agent/decisions/batch.js";
import type { Decision } from "../../../src/agent/decisions/decider.js";
import { RestingDevices } from "../../../src/agent/pipeline/resting-devices.js";

const decision = (device: string, ...modules: readonly string[]): Decision => ({
	device,
	alias: `x:${modules.join()}`,
	matches: modules.map((module) => ({
		found: { module, via: "alias index", pattern: "x:*" },
		verdict: "wanted",
	})),
});

const batchOf = (decisions: readonly Decision[], ...spared: readonly Spared[]): Batch => ({
	number: 1,
	decisions,
	plan: [],
	wantedBy: new Map(),
	spared,
});

const resting = (module: string, device: string): Spared => ({ module, device, why: "resting" });

function setUp(stop: Observable<unknown> = NEVER) {
	const time = new VirtualTimeScheduler();
	const attempts = makeAttempts();
	const backOff = makeBackOff(() => time.now());
	const devices = new RestingDevices({ attempts, backOff, stop, scheduler: time });
	const retries: string[] = [];
	const rest = (batch: Batch): void => {
		for (const retry of devices.rest(batch))
			retry.subscribe(({ module, devices: those }) => void retries.push(`${time.now()} ${module}: ${those.join(" ")}`));
	};
	return { time, attempts, backOff, devices, rest, retries };
}

test("when the rest is over there is one retry for all devices of the module", (t) => {
	const { time, backOff, rest, retries } = setUp();
	backOff.failed("m");
	rest(batchOf([decision("/1", "m")], resting("m", "/1")));
	rest(batchOf([decision("/2", "m")], resting("m", "/2")));
	time.flush();
	t.deepEqual(retries, ["250 m: /1 /2"]);
});

test("each module has a rest of its own", (t) => {
	const { time, backOff, rest, retries } = setUp();
	backOff.failed("m");
	backOff.failed("n");
	backOff.failed("n");
	rest(batchOf([decision("/1", "m"), decision("/2", "n")], resting("m", "/1"), resting("n", "/2")));
	time.flush();
	t.deepEqual(retries, ["250 m: /1", "500 n: /2"]);
});

test("the module and rivals behind it count as tried for the device, and what was spared for another reason does not", (t) => {
	const { attempts, backOff, rest } = setUp();
	backOff.failed("m");
	const spared: readonly Spared[] = [
		resting("m", "/1"),
		{ module: "behind", device: "/1", why: "behind" },
		{ module: "live", device: "/1", why: "live" },
	];
	rest(batchOf([decision("/1", "m", "behind", "live")], ...spared));
	t.deepEqual(
		["m", "behind", "live"].filter((module) => attempts.has(module, "/1")),
		["m", "behind"],
	);
});

test("after a stop no retry follows", (t) => {
	const stop = new Subject<void>();
	const { time, backOff, rest, retries } = setUp(stop);
	backOff.failed("m");
	rest(batchOf([decision("/1", "m")], resting("m", "/1")));
	stop.next();
	time.flush();
	t.deepEqual(retries, []);
});

test("a module rests for as long as its back-off says", (t) => {
	const { time, backOff, devices } = setUp();
	backOff.failed("m");
	t.true(devices.isResting("m"));
	t.false(devices.isResting("n"));
	time.schedule(() => undefined, 250);
	time.flush();
	t.false(devices.isResting("m"));
});
