import { readFileSync } from "node:fs";
import test from "ava";
import { version } from "../src/version.js";

test("the version is package.json's", (t) => {
	t.is(version, JSON.parse(readFileSync("package.json", "utf8")).version);
});
