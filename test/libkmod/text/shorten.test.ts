import test from "ava";
import { shorten } from "../../../src/libkmod/text/shorten.js";

test("an alias longer than a line is cut in its middle, and no other", (t) => {
	const long = `cpu:${"0".repeat(700)}:end`;
	t.true(shorten(long).length <= 120);
	t.regex(shorten(long), /^cpu:0+\.\.\.0+:end$/);
	t.is(shorten("x".repeat(120)), "x".repeat(120));
});
