import { setTimeout } from "node:timers/promises";
import test from "ava";
import { trimMemory } from "../../../src/linux/native/memory.js";

test("the heap that nobody needs is given back, and the process goes on", async (t) => {
	let rubbish: object[] | undefined = Array.from({ length: 1_000_000 }, (_, i) => ({ i }));
	t.is(rubbish.length, 1_000_000);
	const before = process.memoryUsage();
	rubbish = undefined;
	await trimMemory();
	const after = process.memoryUsage();
	await setTimeout(1);
	t.true(before.heapTotal - after.heapTotal > 20e6, `${before.heapTotal} ${after.heapTotal}`);
	await Promise.all([trimMemory(), trimMemory()]);
});
