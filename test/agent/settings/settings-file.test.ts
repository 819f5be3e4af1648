import { readFileSync } from "node:fs";
import test from "ava";
import * as v from "valibot";
import { defaultSettings, type Settings } from "../../../src/agent/settings/settings.js";
import { formatReference, parseSettings } from "../../../src/agent/settings/settings-file.js";
import { settingsTable } from "../../../src/agent/settings/settings-table.js";
import { bounds } from "../../../src/libkmod/kernel/bounds.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const reference = readFileSync("config/hotplugd.toml", "utf8");

test("the reference file is what the table of settings makes", (t) => {
	t.is(reference, formatReference());
});

test("the reference file has every key with its default", (t) => {
	t.deepEqual(parseSettings("config/hotplugd.toml", reference), { value: defaultSettings, problems: [] });
	const keys = reference.split("\n").flatMap((line) => /^(\w+) = /.exec(line)?.[1] ?? []);
	t.deepEqual(keys, Object.keys(settingsTable));
	t.true(keys.length > 3);
});

test("every default is one of the values that its setting accepts", (t) => {
	const defaults = new Map<string, unknown>(Object.entries(defaultSettings));
	t.deepEqual([...defaults.keys()], Object.keys(settingsTable));
	for (const [key, { schema }] of Object.entries(settingsTable)) t.true(v.is(schema, defaults.get(key)), key);
});

test("an empty file leaves every default", (t) => {
	t.deepEqual(parseSettings("f", ""), { value: defaultSettings, problems: [] });
});

test("what is set counts, the rest keeps its default", (t) => {
	const { value, problems } = parseSettings("f", 'parallel = 4 # few\nlog_level = "debug"\n');
	t.deepEqual(problems, []);
	t.deepEqual(value, { ...defaultSettings, parallel: 4, log_level: "debug" });
});

const wrong = test.macro({
	exec(t, text: string, line: number, message: RegExp, rest: Partial<Settings> = {}) {
		const { value, problems } = parseSettings("/etc/hotplugd.toml", text);
		t.like(problems, [{ file: "/etc/hotplugd.toml", line }]);
		t.is(problems.length, 1);
		t.regex(problems[0]?.message ?? "", message);
		t.deepEqual(value, { ...defaultSettings, ...rest });
	},
	title: (_, text) => `a problem with its line: ${JSON.stringify(text)}`,
});

test(wrong, "\n# parallel\nparalel = 4\nparallel = 3", 3, /^paralel is no setting; the keys are source, /, {
	parallel: 3,
});
test(wrong, "parallel = 0", 1, /^parallel must be a whole number from 1 to 1000$/);
test(wrong, "parallel = 1001", 1, /^parallel must be/);
test(wrong, "parallel = 4.5", 1, /^parallel must be/);
test(wrong, 'parallel = "4"', 1, /^parallel must be/);
test(wrong, "parallel = [4]", 1, /^parallel must be/);
test(wrong, "[parallel]\nx = 1", 1, /^parallel must be/);
test(wrong, "[[parallel]]\nx = 1", 1, /^parallel must be/);
test(wrong, "parallel.x = 1", 1, /^parallel must be/);
test(wrong, "quiet_milliseconds = -1", 1, /^quiet_milliseconds must be/);
test(wrong, "quiet_milliseconds = 2147483648", 1, /^quiet_milliseconds must be/);
test(wrong, "\nreceive_buffer_bytes = 1", 2, /^receive_buffer_bytes must be/);
test(wrong, 'log_level = "loud"', 1, /^log_level must be one of trace, debug, info/);
test(wrong, 'log_level = ["info"]', 1, /^log_level must be/);
test(wrong, "log_level = true", 1, /^log_level must be/);
test(wrong, "\n'no such' = 1", 2, /^no such is no setting/);
test(wrong, '\n\n"no.\\u0073uch" = 1', 3, /^no\.such is no setting/);
test(wrong, "'é' = 1", 1, /^é is no setting/);
test(wrong, "[toString]", 1, /^toString is no setting/);
test(wrong, "__proto__ = 1", 1, /^__proto__ is no setting/);
test(wrong, "parallel = 4\nparallel = 5", 2, /redefine|already|duplicate/i);
test(wrong, "parallel = 4\n\nlog_level = info", 3, /./);
test(wrong, "parallel", 1, /./);
test(wrong, "parallel = 9007199254740993", 1, /./);
test(wrong, "\xef\xbb\xbf[parallel]\nx = 1", 1, /^parallel must be/);

const lines = test.macro({
	exec(t, text: string, expected: readonly string[]) {
		const { problems } = parseSettings("f", text);
		t.deepEqual(
			problems.map(({ line, message }) => `${line} ${message.split(" ")[0]}`),
			expected,
		);
	},
	title: (_, text) => `the line is that of the key at the top level: ${JSON.stringify(text)}`,
});

test(lines, "[first]\nx = 1\n[x]\ny = 1", ["1 first", "3 x"]);
test(lines, 'first = [\n"y", # y = 1\n]\ny = 1', ["1 first", "4 y"]);
test(lines, "log_level = '''\nparallel = 0\n'''\nparallel = 0", ["1 log_level", "4 parallel"]);

test("every problem is told", (t) => {
	// The string in the middle contains a line that only looks like a key.
	const { problems } = parseSettings("f", "parallel = 0\nx = '''\n\"\\q\"'''\n\ny = 2");
	t.deepEqual(
		problems.map(({ line }) => line),
		[1, 2, 5],
	);
});

test("no text makes it throw", (t) => {
	const random = seededRandom(t);
	const pieces = [
		"parallel",
		" = ",
		"4",
		"\n",
		'"',
		"[",
		"]",
		"'",
		"\\",
		"#",
		"log_level",
		'"info"',
		"\0",
		"é",
		".",
		"{",
		"}",
		"-",
	];
	let accepted = 0;
	for (let round = 0; round < 5000; round++) {
		const { problems } = parseSettings("f", random.text(pieces, 0, 12));
		for (const { line } of problems) t.true(Number.isInteger(line) && line >= 0);
		if (problems.length === 0) accepted++;
	}
	t.true(accepted > 0 && accepted < 5000);
});

test("a file of the bound's size is read in a time that grows with it alone, whatever it has nested or repeated", (t) => {
	const size = bounds.settings.bytes;
	const unknown = Array.from({ length: size / 12 }, (_, n) => `k${n} = 1`).join("\n");
	const { problems } = parseSettings("f", unknown);
	t.is(problems.length, unknown.split("\n").length);
	t.is(problems.at(-1)?.line, problems.length);
	// These texts nest deeper than any recursion could follow. The parser refuses brackets that nest deeper than a thousand
	// times.
	for (const nested of [`a${".a".repeat(size / 2 - 4)} = 1`, `[a${".a".repeat(size / 2 - 2)}]`])
		t.like(parseSettings("f", nested).problems, { length: 1, 0: { line: 1 } });
	t.regex(parseSettings("f", `a = ${"[".repeat(size - 4)}`).problems[0]!.message, /nested/);
	t.is(parseSettings("f", `${" ".repeat(size - 1)}x`).problems.length, 1);
});
