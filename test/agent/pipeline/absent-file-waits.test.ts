// Virtual time, in milliseconds. A file is looked for after 250, and after twice as long each time.
import test from "ava";
import { NEVER, Subject, VirtualTimeScheduler } from "rxjs";
import { MOST_TRIES } from "../../../src/agent/decisions/absent-files.js";
import type { Decision } from "../../../src/agent/decisions/decider.js";
import { AbsentFileWaits } from "../../../src/agent/pipeline/absent-file-waits.js";

const waitingFor = (device: string) => {
	const decision: Decision = {
		device,
		alias: "x:m",
		matches: [{ found: { module: "m", via: "alias index", pattern: "x:m" }, verdict: "wanted" }],
	};
	return { decisions: [decision], devices: [device] };
};

/** @param backAt when the file is back; never when undefined */
function setUp(backAt?: number) {
	const time = new VirtualTimeScheduler();
	const renewed = new Subject<void>();
	const stop = new Subject<void>();
	const looks: number[] = [];
	const hasFile = (): boolean => {
		looks.push(time.now());
		return backAt !== undefined && time.now() >= backAt;
	};
	const waits = new AbsentFileWaits({ hasFile, renewed, stop, scheduler: time });
	const retries: string[] = [];
	const wait = (device: string, path: string | undefined = "/m.ko"): void =>
		void waits
			.wait("m", { path }, waitingFor(device), () => true)
			.subscribe(({ devices }) => retries.push(`${time.now()} ${devices.join(" ")}`));
	return { time, renewed, stop, looks, waits, retries, wait };
}

test("the file is looked for less and less often, and when it is back there is one retry for all devices", (t) => {
	const { time, waits, wait, looks, retries } = setUp(1000);
	wait("/1");
	wait("/2");
	t.true(waits.isAwaited("m"));
	time.flush();
	t.deepEqual(looks, [250, 750, 1750]);
	t.deepEqual(retries, ["1750 /1 /2"]);
	t.false(waits.isAwaited("m"));
});

test("each try in a row waits longer before it looks, and a success begins anew", (t) => {
	const { time, waits, wait, retries } = setUp(0);
	wait("/1");
	time.flush();
	wait("/2");
	time.flush();
	waits.succeeded("m");
	wait("/3");
	time.flush();
	t.deepEqual(retries, ["250 /1", "750 /2", "1000 /3"]);
});

test("after too many tries in a row only other indexes bring a retry", (t) => {
	const { time, renewed, waits, wait, retries } = setUp(0);
	for (let n = 0; n < MOST_TRIES; n++) {
		wait("/1");
		time.flush();
	}
	t.is(retries.length, MOST_TRIES);
	wait("/1");
	time.flush();
	t.is(retries.length, MOST_TRIES);
	t.true(waits.isAwaited("m"));
	renewed.next();
	t.is(retries.length, MOST_TRIES + 1);
});

test("where no path is known nothing is looked for, and other indexes bring the retry", (t) => {
	const time = new VirtualTimeScheduler();
	const renewed = new Subject<void>();
	const hasFile = () => t.fail() as never;
	const waits = new AbsentFileWaits({ hasFile, renewed, stop: NEVER, scheduler: time });
	const retries: unknown[] = [];
	waits.wait("m", { path: undefined }, waitingFor("/1"), () => true).subscribe((retry) => retries.push(retry));
	time.flush();
	t.is(retries.length, 0);
	renewed.next();
	t.is(retries.length, 1);
});

test("a stop ends the wait without a retry", (t) => {
	const { time, stop, wait, retries, looks } = setUp(0);
	wait("/1");
	stop.next();
	time.flush();
	t.deepEqual([retries, looks], [[], []]);
});

test("nothing is awaited without an absence, without a device, or where no file can be looked for", (t) => {
	const options = { stop: NEVER, scheduler: new VirtualTimeScheduler() };
	const waits = new AbsentFileWaits({ ...options, hasFile: () => false });
	const blind = new AbsentFileWaits(options);
	const absence = { path: "/m.ko" };
	const ended: string[] = [];
	const expectNone = (name: string, all: ReturnType<AbsentFileWaits["wait"]>) =>
		all.subscribe({ next: () => t.fail(name), complete: () => ended.push(name) });
	expectNone(
		"absence",
		waits.wait("m", undefined, waitingFor("/1"), () => true),
	);
	expectNone(
		"device",
		waits.wait("m", absence, { decisions: [], devices: [] }, () => true),
	);
	expectNone(
		"file",
		blind.wait("m", absence, waitingFor("/1"), () => true),
	);
	t.deepEqual(ended, ["absence", "device", "file"]);
	t.false(waits.isAwaited("m") || blind.isAwaited("m"));
});
