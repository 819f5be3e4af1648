// Entries are named by their device and a number: a1 is the first one of device a.
import test from "ava";
import { DeviceQueues } from "../../../src/agent/commands/device-queues.js";

function queuesOf(...entries: readonly string[]): DeviceQueues<string> {
	const queues = new DeviceQueues<string>();
	for (const entry of entries) queues.add(entry.slice(0, 1), entry);
	return queues;
}

test("a device has one entry taken at a time, and the others take turns", (t) => {
	const queues = queuesOf("a1", "a2", "b1", "c1");
	t.deepEqual([queues.take(), queues.take()], ["a1", "b1"]);
	queues.release("a");
	t.deepEqual([queues.take(), queues.take(), queues.take()], ["c1", "a2", undefined]);
});

test("an entry of a device that has one taken waits for its release", (t) => {
	const queues = queuesOf("a1");
	t.is(queues.take(), "a1");
	queues.add("a", "a2");
	t.is(queues.take(), undefined);
	queues.release("a");
	t.is(queues.take(), "a2");
});

test("those of devices that have one taken are listed first, and what is taken counts no more", (t) => {
	const queues = queuesOf("b1", "a1", "a2", "b2");
	queues.take();
	t.deepEqual(queues.list(), ["b2", "a1", "a2"]);
	t.is(queues.size, 3);
});

test("cleared, nothing is left to be taken, not even for a device that is released later", (t) => {
	const queues = queuesOf("a1", "a2", "b1");
	queues.take();
	t.deepEqual(queues.clear(), ["a2", "b1"]);
	queues.release("a");
	t.deepEqual([queues.take(), queues.size, queues.list()], [undefined, 0, []]);
});
