import test from "ava";
import { joinedLines } from "../../../src/libkmod/formats/joined-lines.js";

test("lines are joined by a backslash at the end, and know where they stand", (t) => {
	t.deepEqual(
		[...joinedLines("a\\\nb\n\nc\\\\\nd\\e\\\n\\\nf")],
		[
			{ line: "ab", first: 1, last: 2 },
			{ line: "", first: 3, last: 3 },
			{ line: "c\\", first: 4, last: 4 },
			{ line: "def", first: 5, last: 7 },
		],
	);
});

test("a text without lines has none, and a backslash that ends it is dropped", (t) => {
	t.deepEqual([...joinedLines("")], []);
	t.deepEqual([...joinedLines("a\\")], [{ line: "a", first: 1, last: 1 }]);
	t.deepEqual([...joinedLines("a\\\n")], [{ line: "a", first: 1, last: 2 }]);
});
