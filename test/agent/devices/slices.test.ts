import test from "ava";
import { sliced, slicedAsTheyCome, slicedByTurns } from "../../../src/agent/devices/slices.js";

const count = 250;
const present = (): Iterable<number> => Array(count).keys();

test("slices hold everything once, in order, and the first is the smallest", (t) => {
	const slices = [...sliced(present())];
	t.deepEqual(slices.flat(), [...present()]);
	const [first = 0, ...others] = slices.slice(0, -1).map(({ length }) => length);
	t.true(first > 0 && others.length > 2);
	for (const length of others) t.true(length >= first);
});

test("nothing is no slice", (t) => {
	t.deepEqual([...sliced([])], []);
});

test("a slice is there before the next one is begun", (t) => {
	let taken = 0;
	const slices = sliced(
		(function* () {
			for (const one of present()) {
				taken++;
				yield one;
			}
		})(),
	);
	const first = slices.next();
	t.is(taken, first.done ? 0 : first.value.length);
	t.true(taken < count);
});

test("between slices the event loop turns", async (t) => {
	let turns = 0;
	let slices = 0;
	const turn = (): void => {
		turns++;
		if (turns < count) setImmediate(turn);
	};
	setImmediate(turn);
	for await (const slice of slicedByTurns(present())) if (slice.length > 0) slices++;
	t.true(slices > 2);
	t.true(turns >= slices - 1);
});

test("what comes by and by is sliced alike, and an empty list lets go what there is", async (t) => {
	async function* lists(): AsyncGenerator<readonly number[]> {
		yield [1];
		yield [];
		yield [2, 3];
		yield [4];
		for (let one = 5; one < 100; one += 5) yield [one, one + 1, one + 2, one + 3, one + 4];
	}
	const slices: (readonly number[])[] = [];
	for await (const slice of slicedAsTheyCome(lists())) slices.push(slice);
	t.deepEqual(slices[0], [1]);
	t.true(slices[1]!.length > 4);
	t.deepEqual(
		slices.flat(),
		Array.from({ length: 99 }, (_, index) => index + 1),
	);
	t.true(slices.every(({ length }) => length > 0));
});
