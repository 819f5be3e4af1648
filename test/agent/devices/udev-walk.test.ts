import test from "ava";
import { slicedByTurns } from "../../../src/agent/devices/slices.js";
import { lookWithUdev } from "../../../src/agent/devices/udev-walk.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";

const present = ["known", "new", "kept"].map((name) => ({ devpath: `/devices/${name}`, aliases: [`x:${name}`] }));
const identify = () => ({ subsystem: "platform", number: undefined, ifindex: undefined });

/** @param catchesUp the number of pauses until udev's queue is empty */
async function lookWhile(catchesUp: number, queue = () => "there") {
	const records = new Map([["known", "E:ID_X=1\n"]]);
	let pauses = 0;
	let now = 0;
	const slices = lookWithUdev({
		slices: slicedByTurns(present),
		identify,
		onSkipped: (_, error) => {
			throw error;
		},
		files: {
			read(path) {
				const record = records.get(path.slice(path.lastIndexOf(":") + 1));
				return record === undefined ? undefined : Buffer.from(record);
			},
			stamp: () => (pauses < catchesUp ? queue() : undefined),
		},
		async pause() {
			pauses++;
			now += 1000;
			if (pauses === catchesUp) records.set("kept", "E:HOTPLUGD_KEPT_OUT=1\n");
		},
		now: () => now,
	});
	const told: string[] = [];
	for await (const slice of slices)
		for (const { devpath, aliases } of slice) told.push(`${devpath} ${aliases.join(" ")} after ${pauses}`);
	return { told, pauses };
}

test("devices of which udev has nothing come last while it has events to handle, with what it makes of them", async (t) => {
	t.deepEqual(await lookWhile(3), {
		told: ["/devices/known x:known after 0", "/devices/new x:new after 3", "/devices/kept  after 3"],
		pauses: 3,
	});
});

test("where udev has nothing to handle they come in their order, at once", async (t) => {
	const { told, pauses } = await lookWhile(0);
	t.is(told.length, 3);
	t.is(pauses, 0);
});

test("a udev that goes on being busy is not waited for without end", async (t) => {
	const { told, pauses } = await lookWhile(Number.POSITIVE_INFINITY);
	t.is(told.length, 3);
	t.is(pauses, 10);
});

test("a queue of udev's that nobody may look at is waited for by nobody", async (t) => {
	const { told, pauses } = await lookWhile(Number.POSITIVE_INFINITY, () => {
		throw new Refusal({ operation: "stat", subject: "/run/udev/queue", code: "EACCES" });
	});
	t.is(told.length, 3);
	t.is(pauses, 0);
});
