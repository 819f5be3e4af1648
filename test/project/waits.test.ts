// Every wait has an end: the table of test/support/project/waits.ts is compared with the sources and the tests. The first comment
// of that file says how to enter a wait.
import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { listFiles, readCode } from "../support/project/source-text.js";
import { type Wait, waits } from "../support/project/waits.js";

/** Code that makes a program wait, for whatever reason. */
const inCode = new RegExp(
	[
		// Timers of node and RxJS.
		/\bset(?:Timeout|Interval)\(/,
		/(?<![\w.])(?:timer|interval|delay)\(/,
		/\b(?:debounce|audit|throttle|sample|buffer|window)Time\(/,
		/(?<![.\w])sleep\(/,
		/\bawait (?:pause|ask)\(/,
		// Waits for an event that others cause.
		/\bnew Promise\b/,
		/\bonce\((?:[\w.]+, )?"/,
		/\bfor await\b/,
		/\bPromise\.(?:all|any|race|allSettled)\(/,
		/\b(?:last|first)ValueFrom\(/,
		/\bawait setImmediate\(/,
		// Calls that block the whole process.
		/\bAtomics\.wait\(/,
		/\b(?:spawn|exec|execFile)Sync\(/,
		// Calls of C.
		/\b(?:poll|ppoll|usleep|nanosleep|waitpid)\(/,
	]
		.map(({ source }) => source)
		.join("|"),
);

/** Commands of the shell that wait. */
const inShell = /\bsleep\b|\bewaitfile\b|--timeout\b|--retry\b|\bwait\b/;

type Place = { readonly file: string; readonly line: string };

const places: readonly Place[] = [
	...listFiles("src", ".ts", ".c").flatMap((file) => linesWith(inCode, file, readText(file))),
	...["systemd", "src/capture-script"].flatMap((folder) =>
		listFiles(folder).flatMap((file) => linesWith(inShell, file, readText(file))),
	),
];

/** The text of a file without its comments. */
function readText(file: string): string {
	return /^(?:systemd|src\/capture-script)\//.test(file)
		? readFileSync(file, "utf8").replace(/^\s*#.*$/gm, "")
		: readCode(file);
}

function linesWith(pattern: RegExp, file: string, code: string): readonly Place[] {
	const lines = code.split("\n").map((line) => line.trim());
	return lines.filter((line) => pattern.test(line)).map((line) => ({ file, line }));
}

const entered = waits.flatMap(({ file, at }) => at.map((words) => ({ file, words })));

test("every place that waits is in the table", (t) => {
	t.true(places.length > 50);
	const missing = places.filter(
		({ file, line }) => !entered.some((entry) => entry.file === file && line.includes(entry.words)),
	);
	t.deepEqual(
		missing.map(({ file, line }) => `${file}: ${line}`),
		[],
	);
});

test("everything in the table is in the sources, as often as there", (t) => {
	for (const { file, words } of entered) {
		const times = entered.filter((entry) => entry.file === file && entry.words === words).length;
		const found = readText(file).split(words).length - 1;
		t.is(found, times, `${file}: ${words}`);
	}
});

test("each says what it waits for and what ends that, and has a test with a title of its own", (t) => {
	for (const wait of waits) {
		t.true(wait.at.length > 0 && wait.waitsFor !== "" && wait.ends !== "", describe(wait));
		t.true(wait.tests.length > 0, describe(wait));
		for (const [file, title] of wait.tests) {
			t.true(existsSync(file), `${describe(wait)}: ${file}`);
			t.true(hasTitle(readFileSync(file, "utf8"), title), `${describe(wait)}: ${file} has no test "${title}"`);
		}
	}
});

const describe = ({ file, waitsFor }: Wait): string => `${file}, ${waitsFor}`;

/** Whether a string or template of the source is the title; a placeholder stands for any text. */
const hasTitle = (source: string, title: string): boolean =>
	title.length > 8 &&
	['"', "`"].some((quote) => source.split(quote).some((text) => text.replace(/\$\{[^}]*\}/g, "…") === title));

test("a place that nobody has entered would be noticed", (t) => {
	for (const line of [
		"await new Promise((resolve) => setTimeout(resolve, 5));",
		"return timer(5, scheduler).pipe(",
		'await once(server, "listening");',
		'child.once("exit", resolve);',
		"await pause();",
		"for await (const chunk of socket) {",
		"poll(&readable, 1, left)",
	])
		t.is(linesWith(inCode, "x", line).length, 1, line);
	for (const line of ["backOff.wait(module)", "const timer = 5;", "declare(once(() => 5))", "socket.pause()"])
		t.is(linesWith(inCode, "x", line).length, 0, line);
});
