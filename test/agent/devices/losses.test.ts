import test from "ava";
import { makeLosses } from "../../../src/agent/devices/losses.js";

const numbered = (...numbers: readonly (number | undefined)[]) =>
	numbers.map((seqnum) => ({ action: "add", devpath: "/devices/x", seqnum, aliases: [] }));

const gap = test.macro({
	exec(t, drains: readonly (readonly (number | undefined)[])[], expected: readonly boolean[]) {
		const losses = makeLosses();
		losses.countedBy(() => 0);
		t.deepEqual(
			drains.map((numbers) => losses.noticeGap(numbered(...numbers))),
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
	let drops = 0;
	const losses = makeLosses();
	t.is(losses.check(), undefined);
	losses.countedBy(() => drops);
	t.is(losses.check(), undefined);
	drops = 3;
	t.is(losses.check(), 3);
	t.is(losses.check(), undefined);
	drops = 5;
	t.is(losses.check(), 5);
});

test("a count that cannot be read is no loss, and is asked for again", (t) => {
	const answers: (() => number)[] = [
		() => {
			throw new Error("EMFILE");
		},
		() => 3,
	];
	const losses = makeLosses();
	losses.countedBy(() => answers.shift()?.() ?? 0);
	t.is(losses.check(), undefined);
	t.is(losses.check(), 3);
});

test("a new socket begins with new counts", (t) => {
	const losses = makeLosses();
	losses.countedBy(() => 9);
	t.is(losses.check(), 9);
	losses.noticeGap(numbered(1));
	losses.countedBy(() => 2);
	t.is(losses.check(), 2);
	t.false(losses.noticeGap(numbered(100)));
});
