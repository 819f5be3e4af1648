import test from "ava";
import { matchesAny } from "../../../src/agent/policy/patterns.js";
import { matchesWildcard } from "../../../src/libkmod/text/wildcard.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const matches = test.macro({
	exec(t, patterns: readonly string[], yes: readonly string[], no: readonly string[]) {
		for (const text of yes) t.true(matchesAny(patterns, text), text);
		for (const text of no) t.false(matchesAny(patterns, text), text);
	},
	title: (_, patterns) => `${JSON.stringify(patterns)} matches what it says`,
});

test(matches, ["usb"], ["usb"], ["", "us", "usb_device", "ausb"]);
test(matches, ["usb*"], ["usb", "usb_device"], ["ausb", "us"]);
test(matches, ["*usb"], ["usb", "ausb"], ["usb_device"]);
test(matches, ["*/memstick*"], ["/a/memstick0/b", "/memstick"], ["memstick", "/a/mem/stick"]);
test(matches, ["*"], ["", "x"], []);
test(matches, ["a", "b*", "c?"], ["a", "b", "bc", "cd"], ["ab", "c", "cde", ""]);
test(matches, ["a[bc]", "x\\*"], ["ab", "ac", "x*"], ["ad", "x", "xy"]);
test(matches, [], [], ["", "x"]);

test("the quick ways match what the wildcard match does", (t) => {
	const random = seededRandom(t);
	const counts = { true: 0, false: 0 };
	for (let round = 0; round < 20_000; round++) {
		const pattern = random.text(["*", "*", "a", "b", "?", "[a]", "\\", "/"], 0, 5);
		const text = random.text(["a", "b", "/", "*"], 0, 5);
		const match = matchesAny([pattern], text);
		t.is(match, matchesWildcard(pattern, text), `${pattern} ${text}`);
		counts[`${match}`]++;
	}
	t.true(counts.true > 1000 && counts.false > 1000);
});
