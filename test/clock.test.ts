// No code in src reads the wall clock, since it is set while a machine boots and can be set again at any time. This test
// searches the sources for that, also for RxJS's operators: every operator with a time goes by
// src/agent/pipeline/monotonic-scheduler.ts. The one exception is the time stamp of the log's lines, which is for people. The
// effect is tested in test/agent/pipeline/clock.test.ts, test/tools/agent/clock.test.ts and test/vm/clock.test.ts.
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { listCalls, listFiles, readCode, withoutComments } from "./support/project/source-text.js";

/** The files that may name a clock, and the words that do so. The words are removed before the file is searched. */
const allowed: Readonly<Record<string, readonly string[]>> = {
	// The time stamp of a line of the log, for people.
	"src/agent/telling/journal.ts": ["pino.stdTimeFunctions.isoTime"],
	// A TOML value, not a clock.
	"src/agent/policy/toml-file.ts": ["given instanceof Date"],
	"src/agent/pipeline/monotonic-scheduler.ts": [
		"import { asyncScheduler,",
		"schedule: asyncScheduler.schedule.bind(asyncScheduler)",
	],
};

/** Names of the wall clock, and names that depend on it. */
const wallClocks = /\bDate\b|\bTemporal\b|\bDateTimeFormat\b|\btimeOrigin\b|\bconsole\.time|\bstdTimeFunctions\b/g;
const schedulers =
	/\b(?:asyncScheduler|asapScheduler|queueScheduler|animationFrameScheduler|animationFrames|Scheduler|async)\b/;

const rxjs = join(dirname(fileURLToPath(import.meta.resolve("rxjs/package.json"))), "dist/esm/internal");

/** Operators and creation functions that use RxJS's own scheduler when none is given, as found in this version of RxJS. */
const timed: readonly string[] = [
	...["operators", "observable"].flatMap((folder) =>
		readdirSync(join(rxjs, folder))
			.filter((name) => name.endsWith(".js"))
			.filter((name) =>
				/asyncScheduler|asapScheduler|TimestampProvider/.test(readFileSync(join(rxjs, folder, name), "utf8")),
			)
			.map((name) => basename(name, ".js")),
	),
	// Operators that are built from these.
	...["timeoutWith", "shareReplay", "publishReplay"],
];

/** The faults of a file of src, as texts. */
function findFaults(code: string): readonly string[] {
	const faults = [...code.matchAll(wallClocks)].map(([name]) => `names ${name}`);
	const imports = [...code.matchAll(/^import\s+(?:type\s+)?([^;]*?)\s+from\s+"(rxjs[^"]*)"/gm)];
	for (const [, names = "", from = ""] of imports) {
		if (from !== "rxjs") faults.push(`imports ${from}`);
		if (/\*|\sas\s/.test(names)) faults.push("gives RxJS's names others");
		if (schedulers.test(names)) faults.push("imports a scheduler of RxJS's own");
	}
	if (imports.length === 0) return faults;
	for (const name of timed)
		for (const words of listCalls(code, name))
			if (!/\bscheduler$|\bscheduler\b\s*,|\bmonotonicScheduler\b/.test(words.trim()))
				faults.push(`calls ${name}(${words}) without a scheduler`);
	for (const words of listCalls(code, "new ReplaySubject"))
		if (words.includes(",")) faults.push("makes a new ReplaySubject() with a time");
	for (const name of ["repeat", "retry"])
		for (const words of listCalls(code, name))
			if (/\bdelay\b(?!:\s*\()/.test(words)) faults.push(`calls ${name}(${words}) without a scheduler`);
	return faults;
}

const sources = listFiles("src", ".ts");

test("no source reads the wall clock, nor waits by a scheduler that does", (t) => {
	t.true(sources.length > 100);
	const faults = sources.flatMap((file) => {
		const code = (allowed[file] ?? []).reduce((text, words) => text.replaceAll(words, ""), readCode(file));
		return findFaults(code).map((fault) => `${file} ${fault}`);
	});
	t.deepEqual(faults, []);
});

test("what is allowed is there", (t) => {
	for (const [file, all] of Object.entries(allowed))
		for (const words of all) t.true(readCode(file).includes(words), `${file}: ${words}`);
});

const from = 'import { debounceTime, repeat, ReplaySubject, timer } from "rxjs";\n';

for (const [code, fault] of [
	["const begun = Date.now();", "names Date"],
	["const begun = +new Date();", "names Date"],
	["const begun = Date();", "names Date"],
	["const begun = performance.timeOrigin;", "names timeOrigin"],
	['import { asyncScheduler } from "rxjs";', "imports a scheduler of RxJS's own"],
	['import { timer as after } from "rxjs";', "gives RxJS's names others"],
	['import * as rx from "rxjs";', "gives RxJS's names others"],
	['import { async } from "rxjs/internal/scheduler/async";', "imports rxjs/internal/scheduler/async"],
	[`${from}x.pipe(debounceTime(5));`, "calls debounceTime(5) without a scheduler"],
	[`${from}timer(f(scheduler));`, "calls timer(f() without a scheduler"],
	[`${from}repeat({ delay: 5 });`, "calls repeat({ delay: 5 }) without a scheduler"],
	[`${from}new ReplaySubject<void>(1, 500);`, "makes a new ReplaySubject() with a time"],
] as const)
	test(`it is noticed that a source ${fault}: ${code.split("\n").at(-1)}`, (t) => {
		t.true(findFaults(code).includes(fault), findFaults(code).join());
	});

test("what goes by the monotonic clock is not complained of", (t) => {
	const code = `${from}// Date.now()
		const now = performance.now();
		/** new Date() */
		x.pipe(debounceTime(f(5), scheduler), repeat({ delay: () => timer(5, scheduler) }), timer(1, monotonicScheduler));
		new ReplaySubject<void>(1);`;
	t.deepEqual(findFaults(withoutComments(code)), []);
});

test("the operators that know a time are found in RxJS itself", (t) => {
	for (const name of [
		"timer",
		"interval",
		"debounceTime",
		"auditTime",
		"throttleTime",
		"delay",
		"timeout",
		"timestamp",
	])
		t.true(timed.includes(name), name);
});

test("the thin helper waits by CLOCK_MONOTONIC alone", (t) => {
	const programs = listFiles("src", ".c", ".h");
	t.true(programs.length > 0);
	for (const file of programs) {
		const clocks = [...readCode(file).matchAll(/\bCLOCK_\w+|\bgettimeofday\b|(?<!\.)\btime\(/g)].map(([name]) => name);
		t.deepEqual([...new Set(clocks)], ["CLOCK_MONOTONIC"], file);
	}
});

test("no script of a service computes with date(1), nor with a shell's SECONDS", (t) => {
	const scripts = [...listFiles("systemd"), ...listFiles("src", ".sh")];
	t.true(scripts.length > 5);
	for (const file of scripts) {
		const lines = readFileSync(file, "utf8").replace(/^\s*#.*$/gm, "");
		t.notRegex(lines, /(?:^|[\s;|&(`!])date\b(?!\s*=)|\$\{?SECONDS\b/m, file);
	}
});
