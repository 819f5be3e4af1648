// Files of src/libkmod and src/agent say in their first comment whether they act, and their sources are checked: a file that
// names a timer or a clock says "Acts", and a file that says "Pure" names no timer, clock, promise or observable.
import { readFileSync } from "node:fs";
import test from "ava";
import { listFiles, readCode } from "../support/project/source-text.js";

const clocks = /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|performance)\b/;
const effects = /\b(?:async|await|Promise|Observable|Subject|Math\.random)\b/;

const files = ["src/libkmod", "src/agent"].flatMap((folder) => listFiles(folder, ".ts"));

const firstComment = (file: string): string => /^(?:\/\/.*\n)*/.exec(readFileSync(file, "utf8"))![0];

test("a file that names a timer or a clock says that it acts", (t) => {
	const timed = files.filter((file) => clocks.test(readCode(file)));
	t.true(timed.length > 8, `only ${timed.length} files were found`);
	t.deepEqual(
		timed.filter((file) => !/\bActs\b/.test(firstComment(file))),
		[],
	);
});

test("a file that is called pure names no timer, clock, promise or observable", (t) => {
	const pure = files.filter((file) => /\bPure\b/.test(firstComment(file)));
	t.true(pure.length > 8, `only ${pure.length} files were found`);
	t.deepEqual(
		pure.filter((file) => clocks.test(readCode(file)) || effects.test(readCode(file))),
		[],
	);
});
