import test from "ava";
import { optionsForChildren, splitOptions } from "../../../src/tools/modprobe/environment.js";

const split = test.macro({
	exec: (t, text: string, expected: readonly string[]) => t.deepEqual(splitOptions(text), expected),
	title: (_, text) => `words of ${JSON.stringify(text)}`,
});
test(split, "", []);
test(split, "-v  -q ", ["-v", "-q"]);
test(split, "-C '/a b' \"x y\"z", ["-C", "/a b", "x yz"]);
test(split, "a'b c'd \"it's\"", ["ab cd", "it's"]);
test(split, "'' x", ["", "x"]);
test(split, "-C 'not closed", ["-C", "'not closed"]);

test("what is handed on is read as it was given", (t) => {
	const occurrences = [
		{ key: "config", spelling: "-C", argument: "/a b" },
		{ key: "config", spelling: "-C", argument: "it's" },
		{ key: "dirname", spelling: "-d", argument: "/" },
		{ key: "verbose", spelling: "-v" },
		{ key: "quiet", spelling: "-q" },
		{ key: "syslog", spelling: "-s" },
	];
	const text = optionsForChildren("-v", occurrences);
	t.deepEqual(splitOptions(text), ["-v", "-C", "/a b", "-C", "it's", "-v", "-q", "-s"]);
	t.is(optionsForChildren(undefined, []), "");
});
