// The report at the end of `npm test`, which tells where its time went, and the run of its stages.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import test, { type ExecutionContext } from "ava";
import { parseSpans, type Span, type SpanKind } from "../support/project/spans.js";
import { formatReport, type Stage } from "../support/project/time-report.js";

const budget = { minutes: 20, making: 10 };

const span = (kind: SpanKind, name: string, seconds: number, ended = seconds): Span => ({ kind, name, seconds, ended });
const passed = (name: string, seconds: number): Stage => ({ name, seconds, status: 0 });
const verdict = (stages: readonly Stage[], spans: readonly Span[] = []) => formatReport(stages, spans, budget).at(-1);

test("the report has every stage, boots and restores with their sums, each image, and the slowest ten tests", (t) => {
	const tests = Array.from({ length: 12 }, (_, number) => span("test", `a.test.ts: test ${number}`, number / 2));
	const spans = [
		...tests,
		...[span("boot", "script", 10), span("boot", "systemd", 20.25), span("restore", "script", 0.5)],
		...[span("asset", "root.img", 75.04, 80), span("asset", "a.json", 0.25, 81), span("asset", "b.json", 0.5, 82)],
	];
	t.deepEqual(formatReport([passed("lint", 3.14), passed("test:vm", 900)], spans, budget), [
		"Where the time went, 15 min 3 s in all:",
		"      3.1 s  lint",
		"    900.0 s  test:vm",
		"     30.3 s  virtual machines were booted: 2",
		"      0.5 s  frozen machines were restored: 1",
		"      0.0 s  machines were frozen: 0",
		"Images made: 3",
		"     75.0 s  root.img",
		"      0.8 s  2 that took less than a second each",
		"The slowest of 12 tests:",
		...[11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((n) => `      ${(n / 2).toFixed(1)} s  a.test.ts: test ${n}`),
		"The budget of 21 min 16 s, of which 1 min 16 s for making images: kept, with 6 min 13 s to spare.",
	]);
});

test("the report says whether the budget is kept, where all of it ran", (t) => {
	t.is(verdict([passed("a", 1000), passed("b", 200)]), "The budget of 20 min 0 s: kept, with 0 min 0 s to spare.");
	t.is(verdict([passed("a", 1000), passed("b", 261)]), "The budget of 20 min 0 s: not kept, by 1 min 1 s.");
	const cut = "The budget of 20 min 0 s: not told, since not all of it ran.";
	t.is(verdict([passed("a", 10), { name: "b", seconds: 1, status: 1 }]), cut);
	t.is(verdict([]), cut);
});

test("the making of images has ten minutes of its own, whether one by one, at once or one for another", (t) => {
	const stages = [passed("a", 1500)];
	const kept = (most: string, spare: string) =>
		`The budget of ${most} for making images: kept, with ${spare} to spare.`;
	const all = [span("asset", "a", 700, 900), span("freeze", "b", 10, 1000)];
	t.is(verdict(stages, all), kept("30 min 0 s, of which 10 min 0 s", "5 min 0 s"));
	// The assets together take 320 seconds: from 100 to 400, which includes 150 to 250, and from 300 to 420.
	const nested = [span("asset", "b", 120, 420), span("asset", "c", 100, 250), span("asset", "a", 300, 400)];
	t.is(verdict(stages, nested), kept("25 min 20 s, of which 5 min 20 s", "0 min 20 s"));
});

test("no title of a test makes a line that CI counts, nor two lines", (t) => {
	const counted = /^ *\d+ (?:tests?|uncaught exceptions?|unhandled rejections?) ?(?:passed|failed)$/;
	const spans = ["3 tests passed", "x\n3 tests failed"].map((title) => span("test", title, 3));
	const lines = formatReport([passed("3 tests passed", 1)], spans, budget);
	for (const line of lines.flatMap((text) => text.split("\n"))) t.notRegex(line, counted);
	t.true(lines.some((line) => line.endsWith("x 3 tests failed")));
});

test("a line of a span that was not finished is passed over", (t) => {
	const whole = span("boot", "script", 1);
	t.deepEqual(parseSpans(`${JSON.stringify(whole)}\n{"kind":"bo`), [whole]);
	t.deepEqual(parseSpans(""), []);
});

/** A project with tiny stages: shell commands, which the test gives except for lint, test:compressed and test:vm. */
function makeProject(t: ExecutionContext, scripts: Readonly<Record<string, string>>): string {
	// A run starts some ten programs, among them npm four times.
	t.timeout(180_000);
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-test-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true }));
	const write = (path: string, text: string) => {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), text);
	};
	write("scripts/setup-vm.sh", "echo setting up");
	const others = Object.fromEntries(["lint", "test:compressed", "test:vm"].map((name) => [name, `echo ran ${name}`]));
	write("package.json", JSON.stringify({ name: "tiny", scripts: { ...others, ...scripts } }));
	// Tests for ava as this project has it, with this project's configuration.
	write("test/tiny.test.ts", "");
	const titled =
		'("a tiny test", (t) => t.pass());\ntest("a failing test", (t) => t.is(process.env.FAILS, undefined));';
	write("dist/test/tiny.test.js", `import test from "ava";\ntest${titled}\n`);
	write("dist/package.json", '{"type":"module"}');
	symlinkSync(resolve("ava.config.js"), join(folder, "ava.config.js"));
	symlinkSync(resolve("scripts/ava-worker"), join(folder, "scripts/ava-worker"));
	mkdirSync(join(folder, "node_modules"));
	for (const name of ["ava", "@ava"]) symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
	return folder;
}

const AVA = "node node_modules/ava/entrypoints/cli.mjs";

/** Runs scripts/test.mjs in that folder, without the variables that npm sets for this test. */
function startSuite(folder: string): { readonly suite: ChildProcess; readonly output: () => string } {
	const entries = Object.entries(process.env).filter(([name]) => !/^npm_|^FAILS$/.test(name));
	const suite = spawn(process.execPath, [resolve("scripts/test.mjs")], {
		cwd: folder,
		env: Object.fromEntries(entries),
		stdio: ["ignore", "pipe", "pipe"],
	});
	let text = "";
	for (const stream of [suite.stdout, suite.stderr]) stream.on("data", (chunk) => (text += chunk));
	return { suite, output: () => text };
}

async function runSuite(folder: string): Promise<{ readonly status: number; readonly output: string }> {
	const { suite, output } = startSuite(folder);
	const [status] = await once(suite, "close");
	return { status, output: output() };
}

test("the stages run one after the other, their output passes through, and the report ends it", async (t) => {
	const vm = `echo '{"kind":"boot","name":"script","seconds":7.5,"ended":8}' >>"$HOTPLUGD_TIMES"`;
	const folder = makeProject(t, { "test:here": AVA, "test:vm": vm });
	const { status, output } = await runSuite(folder);
	t.is(status, 0, output);
	const [before = "", report = ""] = output.split("\nWhere the time went, ");
	t.regex(
		before,
		/^setting up\n(?:.*\n)*> echo ran lint\n\nran lint\n(?:.*\n)* {2}2 tests passed\n(?:.*\n)*ran test:compressed\n/m,
	);
	t.regex(report, / s {2}setup\n.* s {2}lint\n.* s {2}test:here\n.* s {2}test:compressed\n.* s {2}test:vm\n/);
	t.regex(report, /^ +7\.5 s {2}virtual machines were booted: 1\n/m);
	t.regex(report, /^The slowest of 2 tests:\n(?: +\d\.\d s {2}test\/tiny\.test\.ts: a (?:tiny|failing) test\n){2}/m);
	t.regex(report, /^The budget of 20 min 0 s: kept, .*\n$/m);
	t.is(output.match(/tests? passed$/gm)?.length, 1);
});

test("the stage that fails is the last, its status is the run's, and the report is of what ran", async (t) => {
	const { status, output } = await runSuite(makeProject(t, { "test:here": `FAILS=1 ${AVA} || exit 7` }));
	t.is(status, 7, output);
	t.regex(output, /^ {2}1 test failed$/m);
	t.regex(output, / s {2}test:here: failed \(7\)\n/);
	t.regex(output, /test\/tiny\.test\.ts: a failing test\n/);
	t.regex(output, /not told, since not all of it ran\.\n$/);
	t.notRegex(output, /test:compressed/);
});

for (const [signal, status] of [
	["SIGINT", 130],
	["SIGTERM", 143],
] as const)
	test(`${signal} ends the stage that runs and the run, with a report`, async (t) => {
		const folder = makeProject(t, { "test:here": "echo stage; exec sleep 100" });
		const { suite, output } = startSuite(folder);
		const closed = once(suite, "close");
		t.teardown(() => suite.kill("SIGKILL"));
		while (!/^stage$/m.test(output())) await once(suite.stdout!, "data");
		suite.kill(signal);
		// The output closes when the last process that has it open has ended, the stage included.
		const [ended] = await closed;
		t.is(ended, status, output());
		t.regex(output(), new RegExp(` s {2}test:here: failed \\(${status}\\)\\n`));
		t.notRegex(output(), /ran test:compressed/);
	});

test("npm test is that run", (t) => {
	t.is(JSON.parse(readFileSync("package.json", "utf8")).scripts.test, "node scripts/test.mjs");
});
