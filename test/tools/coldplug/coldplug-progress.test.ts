import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { beginProgress, formatStanding } from "../../../src/tools/coldplug/coldplug-progress.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { loadForReal } from "../../support/running/coldplug-process.js";

const running = [
	{ module: "young", milliseconds: 10, hung: false },
	{ module: "old", milliseconds: 4000, hung: false },
];

test("the line tells modules, those in flight with the oldest first, and seconds, as far as there is room", (t) => {
	const standing = { known: 122, ended: 57, running };
	t.is(formatStanding(standing, 4300, 80), "57 of 122 modules, 2 in flight, 4 s: old, young");
	t.is(formatStanding(standing, 4300, 44), "57 of 122 modules, 2 in flight, 4 s: old");
	t.is(formatStanding(standing, 4300, 42), "57 of 122 modules, 2 in flight, 4 s: old");
	t.is(formatStanding(standing, 4300, 40), "57 of 122 modules, 2 in flight, 4 s");
});

test("a name that cannot be printed counts as what it is printed as", (t) => {
	const odd = [{ module: "\x1b[31m", milliseconds: 10, hung: false }];
	const standing = { known: 1, ended: 0, running: odd };
	t.is(formatStanding(standing, 0, 80), "0 of 1 modules, 1 in flight, 0 s: \\x1b[31m");
	t.is(formatStanding(standing, 0, 42), "0 of 1 modules, 1 in flight, 0 s");
});

const plain = { json: false, quietly: false, verbose: 0 };

/** A machine whose standard error is a terminal, and all that is written there. */
function onTerminal(terminals: readonly number[] = [1, 2]) {
	const written: string[] = [];
	const machine = {
		...makeFakeMachine({ world: { modules: {} } }),
		isTerminal: (descriptor: 1 | 2) => terminals.includes(descriptor),
		columns: () => 80,
		showProgress: (line: string) => void written.push(`[${line}]`),
		complain: (text: string) => void written.push(text),
		print: (text: string | Uint8Array) => void written.push(String(text)),
	};
	return { machine, written };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a line is shown once coldplug takes long, removed before other output, and at the end for good", async (t) => {
	const { machine, written } = onTerminal();
	const { machine: through, progress } = beginProgress(machine, plain);
	progress.begin(() => ({ known: 3, ended: 1, running: [] }));
	through.complain("early\n");
	while (written.length < 3) await pause(20);
	through.complain("late\n");
	progress.end();
	progress.end();
	await pause(400);
	t.is(written[0], "early\n");
	t.regex(written[1]!, /^\[1 of 3 modules, 0 in flight, \d+ s\]$/);
	t.regex(written[2]!, /^\[1 of 3 modules/);
	t.deepEqual(written.slice(written.indexOf("[]")), ["[]", "late\n"]);
});

const widths: readonly (readonly [says: string, columns: number | undefined, named: string, most: number])[] = [
	["a narrow terminal", 20, "", 19],
	["a terminal of one column", 1, "", 0],
	["a narrow terminal, whatever COLUMNS says", 20, "500", 19],
	["a terminal whose width is not known", undefined, "", 79],
	["a wide terminal with COLUMNS", 200, "50", 49],
];
for (const [says, columns, named, most] of widths)
	test(`the line fits ${says}, since a broken line cannot be rewritten`, async (t) => {
		const { machine, written } = onTerminal();
		const { progress } = beginProgress(
			{ ...machine, columns: () => columns, environment: named === "" ? {} : { COLUMNS: named } },
			plain,
		);
		const many = Array.from({ length: 99 }, () => ({ module: "m", milliseconds: 1, hung: false }));
		progress.begin(() => ({ known: 3, ended: 1, running: many }));
		while (written.length < 1) await pause(20);
		progress.end();
		const shown = written[0]!.length - 2;
		t.true(shown <= most && shown >= most - 2, `${shown}`);
	});

test("the line follows the terminal's width", async (t) => {
	const { machine, written } = onTerminal();
	let columns = 80;
	const { progress } = beginProgress({ ...machine, columns: () => columns }, plain);
	progress.begin(() => ({ known: 3, ended: 1, running: [] }));
	while (written.length < 1) await pause(20);
	columns = 8;
	while (written.length < 2) await pause(20);
	progress.end();
	t.is(written[1], "[1 of 3 ]");
});

const silent: readonly (readonly [says: string, terminals: readonly number[], given: Partial<typeof plain>])[] = [
	["where standard error is no terminal", [1], {}],
	["with -q", [1, 2], { quietly: true }],
	["with -v into a pipe, whose reader may write to the same terminal", [2], { verbose: 1 }],
	["with --json into a pipe", [2], { json: true }],
];
for (const [says, terminals, given] of silent)
	test(`there is no line ${says}`, (t) => {
		const { machine } = onTerminal(terminals);
		t.is(beginProgress(machine, { ...plain, ...given }).machine as unknown, machine);
	});

test("a machine whose output may wait shows none", (t) => {
	const { showProgress: _, ...machine } = onTerminal().machine;
	t.is(beginProgress(machine, plain).machine as unknown, machine);
});

test("at a terminal the executable rewrites a line while a driver takes long, and ends as soon as the driver has", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "progress-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const { status, stdout, inserted } = await loadForReal(folder, {
		world: { modules: { slow: [] }, aliases: { "x:slow": "slow" }, config: "options slow standin.sleep=2000" },
		devices: { slow: "x:slow" },
		onTerminal: true,
	});
	t.is(status, 0, stdout);
	t.deepEqual(inserted, ["slow"]);
	const lines = stdout.split("\r");
	t.true(lines.length > 3, JSON.stringify(stdout));
	t.is(lines[0], "");
	t.is(lines.at(-1), "\x1b[K");
	for (const line of lines.slice(1, -1))
		t.regex(
			line.replaceAll("\x1b", "ESC"),
			/^(?:0 of 1 modules, 1 in flight, \d s: slow|1 of 1 modules, 0 in flight, \d s)ESC\[K$/,
		);
});
