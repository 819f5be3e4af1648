// A command's JSON and its text have the same content and the same counts: the test derives both from each form and compares
// them.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { AgentStatus } from "../../../src/agent/telling/status.js";
import { check } from "../../../src/tools/agent/check.js";
import { status } from "../../../src/tools/agent/status.js";
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { copyMachine, release } from "../../support/fakes/captured-machine.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { type Call, LONG_RUNS_TIMEOUT_MILLISECONDS, runBoth } from "../../support/fakes/pretend-machine.js";
import { sampleStatus } from "../../support/running/agent-status.js";
import { dryRunHere } from "../../support/running/coldplug-process.js";
import { parseFixtureWorld } from "../../support/worlds/fixture-world.js";
import { moduleDirectory, type World } from "../../support/worlds/world.js";

type Record = { readonly kind: string; readonly [field: string]: unknown };

const linesOf = (text: string): string[] => text.split("\n").slice(0, -1);
const recordsOf = (text: string): Record[] => linesOf(text).map((line) => JSON.parse(line));

/** Each step as "MODULE HOW", each rejected match as "MODULE VERDICT", and the counts of a dry run, parsed from the text. */
function readDryRunText(text: string) {
	const lines = linesOf(text);
	const steps = lines.flatMap((line, place) => {
		const [, module, note = ""] = /^ {2}(\S+)(?: \[(masked|by)\b.*\])?$/.exec(line) ?? [];
		if (module === undefined) return [];
		const action = lines[place + 1]!.trim().split(/[ :]/)[0]!;
		const how = note === "masked" ? "masked" : action === "insmod" ? "insert" : action;
		return [`${module} ${how}`];
	});
	const numbers =
		/(\d+) modules in (\d+) batches for (\d+) devices with (\d+) aliases; (\d+) blacklisted, (?:(\d+) denied, )?(\d+) masked, (\d+) built in, (\d+) aliases without a module(?:, (\d+) that)?/;
	const [, ...counts] = numbers.exec(lines.at(-1)!) ?? [];
	const [modules, batches, devices, aliases, blacklisted, denied, masked, builtin, unmatched, problems] = counts.map(
		(digits = "0") => Number(digits),
	);
	return {
		steps,
		keptOut: lines.flatMap((line) => /^not loaded: (\S+): /.exec(line)?.[1] ?? []),
		ignored: lines.filter((line) => / is not looked up: /.test(line)).length,
		lost: lines.filter((line) => / could not be looked up: /.test(line)).length,
		summary: { batches, devices, aliases, unmatched, modules, masked, blacklisted, denied, builtin, problems },
	};
}

type Told = { readonly found: { readonly module: string }; readonly verdict: string };

function readDryRunRecords(text: string) {
	const records = recordsOf(text);
	const ofKind = (kind: string) => records.filter((record) => record.kind === kind);
	const decisions = ofKind("decision");
	const { kind: _, ...summary } = records.at(-1)!;
	return {
		steps: ofKind("step").map(({ module, how }) => `${module} ${how}`),
		keptOut: decisions
			.filter(({ ignored }) => ignored === undefined)
			.flatMap(({ matches }) =>
				(matches as Told[]).flatMap((one) => (one.verdict === "wanted" ? [] : one.found.module)),
			),
		ignored: decisions.filter(({ ignored }) => ignored !== undefined).length,
		lost: decisions.filter(({ problem }) => problem !== undefined).length,
		summary,
	};
}

/** Counts derived from the records, without the summary. */
function countRecords(text: string) {
	const { steps, lost } = readDryRunRecords(text);
	const decisions = recordsOf(text).filter(({ kind }) => kind === "decision");
	const matches = decisions.flatMap((one) => (one.matches as Told[]).map((match) => match));
	const judged = (...verdicts: string[]) =>
		new Set(matches.filter(({ verdict }) => verdicts.includes(verdict)).map(({ found }) => found.module)).size;
	const unmatched = decisions.filter(
		({ matches, problem, ignored }) =>
			(matches as Told[]).length === 0 && problem === undefined && ignored === undefined,
	);
	return {
		modules: steps.filter((step) => !step.endsWith(" masked")).length,
		masked: steps.filter((step) => step.endsWith(" masked")).length,
		devices: new Set(decisions.map(({ device }) => device)).size,
		aliases: new Set(decisions.map(({ alias }) => alias)).size,
		unmatched: new Set(unmatched.map(({ alias }) => alias)).size,
		blacklisted: judged("blacklisted"),
		denied: judged("denied", "not allowed"),
		builtin: judged("builtin"),
		...(lost === 0 && { problems: 0 }),
	};
}

const world: World = {
	modules: { card: ["base"], base: [], lone: [], soft: [], sound: [], nosy: [], quiet: [], kept: [], shy: ["base"] },
	aliases: {
		"x:card*": ["card", "shy"],
		"x:lone": ["lone", "kept"],
		"x:sound": ["sound", "nosy", "quiet"],
		"x:built": "built",
		"x:gone": "gone",
	},
	builtin: ["built"],
	config: [
		"softdep lone pre: soft",
		"install lone do it",
		"install sound play $CMDLINE_OPTS",
		"install nosy /bin/false",
		"install quiet /bin/true",
		"blacklist kept",
	].join("\n"),
};

const devices = {
	a: ["x:card1", "x:lone"],
	b: ["x:card1", "x:sound", "x:none"],
	c: ["x:built", "x:gone"],
	d: "x:none2",
	e: "x:card3",
};

const RULES = `[[deny]]
module = "kept"
[[mask]]
module = "shy"
[[ignore]]
devpath = "*/e"
[[deny]]
alias = "x:gone"`;

test("a dry run as text and as JSON has the same steps, matches and counts, of which the records are the proof", async (t) => {
	for (const rules of ["", RULES, '[[mask]]\nmodule = "base"', '[[allow]]\nmodule = "lone"']) {
		const files = { "/usr/share/hotplugd/rules/r.toml": rules };
		const [text, json] = await Promise.all(
			[["--order", "-v"], ["--json"]].map(async (words) => {
				const machine = makeFakeMachine({ world, devices, files });
				t.is(await coldplug.start(["-n", ...words], machine), 0);
				return machine.printed();
			}),
		);
		const records = readDryRunRecords(json!);
		t.deepEqual(readDryRunText(text!), records as ReturnType<typeof readDryRunText>, rules);
		t.like(records.summary, countRecords(json!), rules);
		t.true(records.steps.some((step) => step.endsWith(" masked")) || rules.includes("allow"), rules);
	}
});

test("what an install line keeps out is masked in both, and no module of the summary's", async (t) => {
	const machine = makeFakeMachine({ world, devices: { b: "x:sound" } });
	t.is(await coldplug.start(["-n", "--json"], machine), 0);
	const records = recordsOf(machine.printed());
	const step = (module: string) => records.find((record) => record.module === module);
	t.like(step("nosy"), { kind: "step", how: "masked", source: { line: 4 }, command: "/bin/false" });
	t.like(step("quiet"), { kind: "step", how: "masked", source: { line: 5 } });
	t.like(step("sound"), { kind: "step", how: "run", source: { line: 3 } });
	t.like(records.at(-1), { kind: "summary", modules: 1, masked: 2 });
});

test("so it is on the captured machine, under any configuration", async (t) => {
	const machine = copyMachine();
	const [text, json] = [
		await dryRunHere(machine, release, ["--order", "-v"]),
		await dryRunHere(machine, release, ["--json"]),
	];
	const { steps } = readDryRunRecords(json.stdout);
	const names = steps.map((step) => step.split(" ")[0]!);
	t.true(names.length > 10);
	t.deepEqual(readDryRunText(text.stdout).steps, steps);
	// Lines of each kind, each for some of the modules.
	const kinds = [
		"blacklist N",
		"install N /bin/false",
		"install N /usr/bin/true",
		"install N run N",
		"softdep N pre: loop",
		"",
	];
	const lines = names.map((name, place) => kinds[place % kinds.length]!.replaceAll("N", name));
	writeFileSync(join(machine, "etc/modprobe.d/z.conf"), lines.join("\n"));
	const told = [
		await dryRunHere(machine, release, ["--order", "-v"]),
		await dryRunHere(machine, release, ["--json"]),
	] as const;
	const records = readDryRunRecords(told[1].stdout);
	t.deepEqual(readDryRunText(told[0].stdout), records as ReturnType<typeof readDryRunText>);
	t.like(records.summary, countRecords(told[1].stdout));
	t.true(Number(records.summary.masked) > 1 && Number(records.summary.blacklisted) > 1);
	t.is(told[0].stderr, told[1].stderr);
});

test("a check as text and as JSON has the same problems and counts", async (t) => {
	const files = {
		"/etc/hotplugd.toml": "parallel = 4\nparalel = 4",
		"/usr/share/hotplugd/rules/b.toml": "[[mask]]",
		[`${moduleDirectory}/kernel/new.ko`]: "",
	};
	const [text, json] = await Promise.all(
		[[], ["--json"]].map(async (words) => {
			const machine = makeFakeMachine({ world: { ...world, config: `${world.config}\nrubbish` }, files });
			t.is(await check.start(words, machine), 1);
			return machine.printed();
		}),
	);
	const records = recordsOf(json!);
	const problems = records.filter(({ kind }) => kind === "problem");
	const lines = linesOf(text!);
	t.deepEqual(
		problems.map(({ file, line, message }) =>
			line === 0 ? `${file}: ${message}` : `${file} line ${line}: ${message}`,
		),
		lines.slice(0, -1),
	);
	const checked = records.filter(({ kind }) => kind === "checked").length;
	t.deepEqual(records.at(-1), { kind: "summary", checked, problems: problems.length });
	t.is(lines.at(-1), `${problems.length} problems in ${checked} files`);
});

test("an agent's status as text and as JSON has the same counts, modules and files", async (t) => {
	const answer = Buffer.from(
		JSON.stringify({ ok: true, status: { ...sampleStatus, counts: { ...sampleStatus.counts, skipped: 5 } } }),
	);
	const told = async (...words: readonly string[]) => {
		const machine = makeFakeMachine({ world });
		const service = async () => ({ ...(await machine.service()), ask: async () => answer });
		t.is(await status.start(words, { ...machine, service }), 0);
		return machine.printed();
	};
	const text = await told();
	const json = JSON.parse(await told("--json")) as AgentStatus;
	const numbersOf = (row: string) =>
		[...new RegExp(`^ {2}${row} (.*)$`, "m").exec(text)![1]!.matchAll(/\d+/g)].map(Number);
	const { counts } = json;
	const failed = Object.values(counts.modules_failed);
	const sum = failed.reduce((all, one) => all + one, 0);
	t.deepEqual(numbersOf("events"), [
		counts.events_received,
		counts.events_dropped,
		counts.events_refused,
		counts.overruns,
	]);
	t.deepEqual(numbersOf("aliases"), [counts.aliases_new, counts.aliases_repeated, counts.aliases_unknown]);
	t.deepEqual(numbersOf("modules"), [counts.modules_inserted, sum, ...failed]);
	t.deepEqual(numbersOf("skipped"), [counts.skipped]);
	t.deepEqual(numbersOf("queue"), [json.queue_depth]);
	for (const { module } of [...json.in_flight, ...json.last_outcomes]) t.regex(text, new RegExp(`\\b${module}\\b`));
	for (const file of json.configuration.files) t.true(text.includes(`${file}\n`));
});

/** The line that -D prints for a record; empty when it prints none. */
function dependsLine({ how, path, command, parameters, module }: Record): string[] {
	if (how === "insert") return [`insmod ${path} ${parameters}`];
	if (how === "run") return [`install ${command} ${parameters}`];
	return how === "builtin" ? [`builtin ${module}`] : [];
}

const nameOf = (path: string): string => path.replace(/.*\/([^/]*)\.ko.*/, "$1");

for (const file of readdirSync("fixtures/worlds").filter((name) => name.endsWith(".world")))
	test(`modprobe, modinfo and lsmod say the same in both forms: ${file}`, async (t) => {
		t.timeout(2 * LONG_RUNS_TIMEOUT_MILLISECONDS);
		const { machine } = parseFixtureWorld(readFileSync(join("fixtures/worlds", file), "latin1"));
		const modules = Object.keys(machine.files)
			.filter((path) => /^modules\/.*\.ko/.test(path))
			.map(nameOf);
		const texts: (readonly string[])[] = [
			["modprobe", "-a", "-R", ...modules, "own-alias"],
			["modprobe", "-a", "-D", ...modules],
			["modprobe", "-c"],
			["lsmod"],
			["modinfo", ...modules],
		];
		const withJson = ([tool = "", ...words]: readonly string[]) => [tool, "--json", ...words];
		const calls: Call[] = [...texts, ...texts.map(withJson)].map((words) => ({ words, changesNothing: true }));
		const runs = (await runBoth(machine, calls, LONG_RUNS_TIMEOUT_MILLISECONDS)).map(({ ours }) => ours);
		const said = (number: number) => runs[number]!.stdout;
		const records = (number: number) => recordsOf(Buffer.from(said(texts.length + number), "latin1").toString());
		texts.forEach((words, number) => {
			t.is(runs[number]!.status, runs[texts.length + number]!.status, words.join(" "));
			t.is(runs[number]!.stderr, runs[texts.length + number]!.stderr, words.join(" "));
		});
		t.deepEqual(
			records(0).map(({ module }) => module),
			linesOf(said(0)),
		);
		t.deepEqual(records(1).flatMap(dependsLine), linesOf(said(1)));
		const config = linesOf(said(2)).filter((line) => line !== "" && !line.startsWith("#"));
		t.deepEqual(
			records(2).map(({ kind }) => kind.replace(/^index of .*/, "alias")),
			config.map((line) => line.split(" ")[0]!),
		);
		t.deepEqual(
			records(3).map(({ module, holders }) => [module, ...(holders as string[])].join(" ")),
			linesOf(said(3))
				.slice(1)
				.map((line) => {
					const [module, , , users = ""] = line.split(/ +/);
					return [module, ...users.split(",").filter((name) => name !== "")].join(" ");
				}),
		);
		t.deepEqual(
			records(4).map(({ filename, builtin }) => (builtin ? "(builtin)" : filename)),
			linesOf(said(4)).flatMap((line) => /^filename: +(.*)$/.exec(line)?.[1] ?? []),
		);
	});
