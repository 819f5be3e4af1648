// scripts/ava-worker: the script that runs this test file.
import test from "ava";

test("ava's worker runs from the one script that the build has made of it", (t) => {
	t.regex(new Error("here").stack ?? "", /\/dist\/test\/ava\/lib\/worker\.js:/);
});
