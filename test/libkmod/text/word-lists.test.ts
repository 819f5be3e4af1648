import test from "ava";
import { countThings, listWords } from "../../../src/libkmod/text/word-lists.js";

test("words are listed as a sentence has them", (t) => {
	t.deepEqual(
		[[], ["a"], ["a", "b"], ["a", "b", "c"]].map((words) => listWords(words)),
		["", "a", "a and b", "a, b and c"],
	);
	t.is(listWords(["a", "b", "c"], "or"), "a, b or c");
});

test("one thing has no s", (t) => {
	t.deepEqual(
		[countThings(0, "device"), countThings(1, "device"), countThings(2, "bus", "buses")],
		["0 devices", "1 device", "2 buses"],
	);
});
