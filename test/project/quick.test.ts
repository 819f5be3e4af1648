// The daily subset of tests: `npm run test:vm:quick` runs the tests whose titles test/vm/quick.json lists.
import { readFileSync } from "node:fs";
import test from "ava";

const chosen: Readonly<Record<string, readonly string[]>> = JSON.parse(readFileSync("test/vm/quick.json", "utf8"));

/** Patterns for the titles of a file's tests: a placeholder of a template matches any text. */
function titlesOf(file: string): readonly RegExp[] {
	const calls = readFileSync(file, "utf8").matchAll(/^vmTest\(\s*(["`])(.*?)\1,/gms);
	return [...calls].map(([, , title = ""]) => {
		const fixed = title.split(/\$\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
		return new RegExp(`^${fixed.join(".*")}$`);
	});
}

test("each title of the day's subset is that of one test, in the file that it stands under", (t) => {
	const tests = Object.keys(chosen).flatMap((file) => titlesOf(file).map((title) => ({ file, title })));
	for (const [file, titles] of Object.entries(chosen)) {
		t.true(titles.length > 0, file);
		for (const title of titles) {
			const bearers = tests.filter((one) => one.title.test(title)).map((one) => one.file);
			t.deepEqual(bearers, [file], title);
		}
	}
});

test("no title of the day's subset is a pattern to the test runner, nor a rule of exclusion", (t) => {
	for (const title of Object.values(chosen).flat()) t.notRegex(title, /\*|^!/);
});

test("the day's subset has the premises, coldplug, hotplug, the service and what is there without it", (t) => {
	const subjects = ["premise", "coldplug", "hotplug", "service", "service-fallback"];
	t.deepEqual(
		Object.keys(chosen),
		subjects.map((subject) => `test/vm/${subject}.test.ts`),
	);
});
