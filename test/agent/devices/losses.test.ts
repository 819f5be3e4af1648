import test from "ava";
import { countDrops, hasGap, lastSeqnum, noMessages } from "../../../src/agent/devices/losses.js";

const numbered = (...numbers: readonly (number | undefined)[]) =>
	numbers.map((seqnum) => ({ action: "add", devpath: "/devices/x", seqnum, aliases: [] }));

const gap = test.macro({
	exec(t, drains: readonly (readonly (number | undefined)[])[], expected: readonly boolean[]) {
		let seqnum: number | undefined;
		t.deepEqual(
			drains.map((numbers) => {
				const uevents = numbered(...numbers);
				const found = hasGap({ seqnum }, uevents);
				seqnum = lastSeqnum({ seqnum }, uevents);
				return found;
			}),
			expected,
		);
	},
	title: (title) => title ?? "",
});

test("the first number ever seen is no gap", gap, [[4711]], [false]);
test("numbers in a row have no gap, within a drain and between two", gap, [[1, 2], [3]], [false, false]);
test("a number left out is a gap", gap, [[1, 3], [5]], [true, true]);
test("numbers out of order are a gap and no second one", gap, [[1, 3, 2, 4], [5]], [true, false]);
test("a number that comes late is no gap", gap, [[7], [6]], [false, false]);
test("messages without a number have no gap", gap, [[1, undefined, 2], [undefined], [3]], [false, false, false]);

test("a loss is told once, when the count has grown", (t) => {
	t.is(countDrops(noMessages), undefined);
	const counted = (drops: number, dropped: number) => countDrops({ ...noMessages, drops: () => drops, dropped });
	t.is(counted(0, 0), undefined);
	t.is(counted(3, 0), 3);
	t.is(counted(3, 3), undefined);
	t.is(counted(5, 3), 5);
});

test("a count that cannot be read is no loss, and is asked for again", (t) => {
	const answers: (() => number)[] = [
		() => {
			throw new Error("EMFILE");
		},
		() => 3,
	];
	const messages = { ...noMessages, drops: () => answers.shift()?.() ?? 0 };
	t.is(countDrops(messages), undefined);
	t.is(countDrops(messages), 3);
});
