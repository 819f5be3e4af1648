import { setImmediate } from "node:timers/promises";
import test from "ava";
import { UeventDrain } from "../../../src/linux/devices/uevent-drain.js";

const kernel = { port: 0, groups: 1 };
const message = (number: number) => Buffer.from(String(number));

/**
 * A drain, and the batches that it has handed over. The clock stands still unless the test advances it: on a busy machine a turn
 * of the event loop may take longer than datagrams are held back.
 */
function makeDrain() {
	const handed: number[][] = [];
	const unused = () => undefined;
	let now = 0;
	const listeners = {
		onDrain: (datagrams: readonly Buffer[]) => void handed.push(datagrams.map(Number)),
		onRefused: unused,
		onTruncated: unused,
		onError: unused,
	};
	const drain = new UeventDrain("kernel", listeners, () => now);
	const read = (from: number, count: number) => {
		for (let i = 0; i < count; i++) drain.take(message(from + i), kernel);
	};
	const pass = (milliseconds: number) => {
		now += milliseconds;
	};
	return { drain, handed, read, pass };
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

test("what one turn of the event loop reads is handed over after it", async (t) => {
	const { drain, handed, read } = makeDrain();
	read(0, 3);
	t.deepEqual(handed, []);
	t.is(drain.held(), 3);
	await setImmediate();
	t.deepEqual(handed, [[0, 1, 2]]);
	t.is(drain.held(), 0);
});

test("what was cut short is held, too, until it is told of", async (t) => {
	const { drain } = makeDrain();
	drain.takeTruncated(message(1234), kernel);
	drain.takeTruncated(message(1234), { port: 7, groups: 1 });
	t.is(drain.held(), 4);
	await setImmediate();
	t.is(drain.held(), 0);
});

test("while as many are read in each turn as one turn takes, they are held back, and then handed over together", async (t) => {
	const { handed, read } = makeDrain();
	read(0, 32);
	await setImmediate();
	read(32, 32);
	await setImmediate();
	read(64, 5);
	t.deepEqual(handed, []);
	await setImmediate();
	t.deepEqual(handed, [numbers(0, 69)]);
});

test("nothing need come after a full turn for it to be handed over", async (t) => {
	const { handed, read } = makeDrain();
	read(0, 32);
	await setImmediate();
	await setImmediate();
	t.deepEqual(handed, [numbers(0, 32)]);
});

test("however long they keep coming, they are handed over every few turns", async (t) => {
	const { handed, read, pass } = makeDrain();
	for (let from = 0; from < 15 * 32; from += 32) {
		read(from, 32);
		pass(2);
		await setImmediate();
	}
	// Datagrams are held back for ten milliseconds at most.
	t.deepEqual(handed, [numbers(0, 160), numbers(160, 160), numbers(320, 160)]);
});

test("once stopped it hands nothing over", async (t) => {
	const { drain, handed, read } = makeDrain();
	read(0, 32);
	await setImmediate();
	drain.stop();
	await setImmediate();
	await setImmediate();
	t.deepEqual(handed, []);
});
