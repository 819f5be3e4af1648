// Every world of fixtures/worlds: the real kmod and ours run the same commands in turn there, with the same results.
import { readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import test, { type ExecutionContext } from "ava";
import { LONG_RUNS_TIMEOUT_MILLISECONDS, type Run, runBoth } from "./support/fakes/pretend-machine.js";
import { withoutPlacesIn } from "./support/real/compared-modprobe.js";
import { entriesOf } from "./support/worlds/depmod-world.js";
import { type FixtureRun, parseFixtureWorld } from "./support/worlds/fixture-world.js";
import { differences } from "./tools/kmod/differences.js";

const folder = "fixtures/worlds";
const names = readdirSync(folder).filter((name) => name.endsWith(".world"));

test("there are worlds", (t) => {
	t.true(names.length >= 10);
});

for (const name of names)
	test(`in the world of ${name.replace(".world", "")} ours does as the real kmod does`, async (t) => {
		const { machine, runs } = parseFixtureWorld(readFileSync(`${folder}/${name}`, "utf8"));
		t.true(runs.length >= 3, "something is run there");
		t.timeout(2 * LONG_RUNS_TIMEOUT_MILLISECONDS);
		const results = await runBoth(machine, runs, LONG_RUNS_TIMEOUT_MILLISECONDS);
		for (const [number, run] of runs.entries()) compare(t, run, results[number]!.real, results[number]!.ours);
	});

function compare(t: ExecutionContext, run: FixtureRun, real: Run, ours: Run): void {
	const { line, shown, instead, settled } = run;
	const expected = readable(real);
	const told = line === "depmod" ? withoutWeakdep(readable(ours)) : readable(ours);
	if (settled === undefined) shows(t, line, expected, shown);
	if (instead === undefined && settled === undefined) {
		t.deepEqual(told, expected, line);
		return;
	}
	const { row, lines } = instead ?? settled!;
	t.true(
		differences.some(({ what }) => what === row),
		`${line}: no row says that ${row}`,
	);
	if (instead === undefined) {
		shows(t, line, told, lines);
		return;
	}
	t.notDeepEqual(told, expected, `${line} differs no longer`);
	t.deepEqual(told, { ...expected, ...parseInstead(lines) }, line);
}

function shows(t: ExecutionContext, line: string, { stdout, stderr, calls, files }: Told, wanted: readonly string[]) {
	const all = [stdout, stderr, ...calls, ...Object.values(files)].join("\n").split("\n");
	for (const text of wanted)
		t.true(
			all.some((it) => it.includes(text)),
			`${line} does not show: ${text}`,
		);
}

type Told = Omit<Run, "calls" | "written"> & {
	readonly calls: readonly string[];
	readonly files: Readonly<Record<string, string>>;
};

/** The results of a run in a form that can be compared: text files as text, indexes as their entries. */
function readable({ status, stdout, stderr, calls, written }: Run): Told {
	const files = Object.entries(written).map(([path, text]) => {
		const name = path.replace(/.*\//, "");
		return [name, name.endsWith(".bin") ? entriesOf(name, Buffer.from(text, "latin1")) : text];
	});
	const asked = calls.map(({ call, file, name, text, parameters, flags }) =>
		[call, file ?? name ?? text, parameters, flags].filter((part) => part !== undefined && part !== "").join(" "),
	);
	const said = withoutPlacesIn(stderr).replaceAll(/\n{2,}/g, "\n");
	return anywhere({ status, stdout, stderr: said, calls: asked, files: Object.fromEntries(files) });
}

/** Replaces the kernel's release. */
function anywhere(told: Told): Told {
	return JSON.parse(JSON.stringify(told).replaceAll(`/lib/modules/${release()}`, "/lib/modules/RELEASE"));
}

/** Removes the one difference that every depmod run has: weak dependencies have a file of their own. */
function withoutWeakdep({ files, ...rest }: Told): Told {
	const { "modules.weakdep": _, ...known } = files;
	return { ...rest, files: known };
}

/** A line with the kind alone, without a blank after it, says that there is nothing of that kind. */
function parseInstead(lines: readonly string[]): Partial<Told> {
	const ofKind = (kind: string) =>
		lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
	const text = (kind: string) =>
		ofKind(kind)
			.map((line) => `${line}\n`)
			.join("");
	const has = (kind: string) => lines.includes(kind) || ofKind(kind).length > 0;
	return {
		...(has("status") && { status: Number(ofKind("status")[0]) }),
		...(has("out") && { stdout: text("out") }),
		...(has("err") && { stderr: text("err") }),
		...(has("call") && { calls: ofKind("call") }),
	};
}
