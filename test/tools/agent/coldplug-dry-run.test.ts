// The forms and filters of coldplug --dry-run, on machines in memory and on the captured machine.
import test from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import { run } from "../../../src/main.js";
import { thisMachine } from "../../../src/this-machine.js";
import { coldplug } from "../../../src/tools/agent/coldplug.js";
import { makeFakeInspection } from "../../support/fakes/fake-inspection.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { dryRunHere } from "../../support/running/coldplug-process.js";
import type { World } from "../../support/worlds/world.js";

const RELEASE = "6.1.0-56-amd64";

/** The dry run of the captured machine, in this process, at a terminal of 80 columns or elsewhere. */
async function runCaptured(
	words: readonly string[],
	environment: Readonly<Record<string, string>> = { COLUMNS: "80" },
) {
	const told = { stdout: "", stderr: "" };
	const status = await run(["node", "coldplug", "-n", "-d", "fixtures/machine", "-S", RELEASE, ...words], {
		...thisMachine,
		environment,
		print(text) {
			told.stdout += text;
		},
		complain(text) {
			told.stderr += text;
		},
		isTerminal: () => false,
	});
	return { status, ...told, lines: told.stdout.trimEnd().split("\n") };
}

/** Words of lines that a name was cut to, other than by an ellipsis: no word of the wide output has them. */
const wordsOf = (text: string) => text.split(/\s+/).filter((word) => word !== "" && !word.includes("..."));

for (const form of [[], ["-v"], ["--tree"], ["i6300esb"], ["--state", "kept-out"]])
	test(`the dry run of the captured machine fits 80 columns, and no word is broken: ${form.join(" ") || "as it is"}`, async (t) => {
		const { lines, stdout, status } = await runCaptured(form);
		t.is(status, exitStatus.done);
		t.true(lines.length > 5);
		t.deepEqual(
			lines.filter((line) => line.length > 80),
			[],
		);
		const whole = new Set(wordsOf((await runCaptured(form, {})).stdout));
		const broken = wordsOf(stdout).filter((word) => !whole.has(word));
		// A path that is wider than its column is broken behind a slash.
		t.deepEqual(
			broken.filter((word) => !word.includes("/")),
			[],
		);
	});

test("its first lines count what --json lists", async (t) => {
	const { lines } = await runCaptured([], {});
	const { stdout } = await dryRunHere("fixtures/machine", RELEASE, ["--json"]);
	const records = stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	const summary = records.find(({ kind }) => kind === "summary");
	const decisions = records.filter(({ kind }) => kind === "decision");
	const asking = new Set(decisions.filter(({ matches }) => matches.length > 0).map(({ device }) => device));
	const keptOut = summary.blacklisted + summary.masked + summary.denied;
	const rivals = records.filter(({ kind, after }) => kind === "step" && after.some((one: object) => "rival" in one));
	t.is(
		lines[0],
		`${summary.modules} modules to load in ${summary.batches} batches for ${asking.size} of ${summary.devices} devices; ${keptOut} kept out, ${rivals.length} with rivals`,
	);
	const silent = summary.devices - asking.size;
	t.is(lines.at(-1), `${silent} devices ask for no module that there is (-v lists them)`);
	const listed = (await runCaptured(["-v"], {})).lines.filter((line) => line.includes("no module: "));
	t.is(listed.length, silent);
});

test("the driver that has bound a device is the one that its uevent names, where /sys has no link", async (t) => {
	const { lines } = await runCaptured([]);
	t.true(lines.some((line) => /^0000:00:1f\.3 +i801_smbus +i2c_i801 \+1 /.test(line)));
});

test("without a terminal there are neither colours nor a limit, and FORCE_COLOR and COLUMNS set both", async (t) => {
	const { stdout } = await runCaptured([], {});
	t.false(stdout.includes("\x1b"));
	t.true(stdout.split("\n").some((line) => line.length > 80));
	const coloured = (await runCaptured([], { COLUMNS: "80", FORCE_COLOR: "1" })).stdout;
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are colours.
	t.is(coloured.replaceAll(/\x1b\[\d+m/g, ""), (await runCaptured([])).stdout);
	t.true(coloured.includes("\x1b[33mkept out:"));
});

const world: World = {
	modules: { card: ["base"], base: [], lone: [], banned: [] },
	aliases: { "x:card*": "card", "x:lone": "lone", "x:banned": "banned" },
	config: "blacklist banned",
};
const devices = { "pci/card": "x:card1", lone: "x:lone", ban: "x:banned", unbound: "x:none", class: "x:none" };

/** Runs a dry run on a machine in memory, one of whose devices is on a bus and unbound. */
async function plan(...words: readonly string[]) {
	const machine = makeFakeMachine({ world, devices });
	const states = { "/devices/unbound": { onBus: true, subsystem: "pci" }, "/devices/class": { subsystem: "net" } };
	const inspect = async () => makeFakeInspection({ devices: states });
	const status = await coldplug.start(["-n", ...words], { ...machine, inspect });
	return { status, printed: machine.printed(), complained: machine.complained(), lines: machine.printed().split("\n") };
}

test("a device on a bus that nothing drives, and no module is for, is an exception", async (t) => {
	const { lines } = await plan();
	t.is(lines[0], "3 modules to load in 1 batch for 3 of 5 devices; 1 without a driver, 1 kept out");
	t.deepEqual(lines.slice(2, 4), ["without a driver:", "  unbound  x:none"]);
	t.true(lines.includes("1 device asks for no module that there is (-v lists it)"));
});

test("an operand is a module, a device or a subsystem", async (t) => {
	t.is((await plan("banned")).lines[0], "0 modules to load in 0 batches for 1 of 1 device; 1 kept out");
	t.is((await plan("pci/card")).lines[0], "2 modules to load in 1 batch for 1 of 1 device");
	t.is((await plan("net")).lines[0], "0 modules to load in 0 batches for 0 of 1 device");
	t.is((await plan("banned", "lone")).lines[0], "1 module to load in 1 batch for 2 of 2 devices; 1 kept out");
});

test("filters narrow every form", async (t) => {
	t.regex((await plan("--order", "base")).printed, /^batch 1, level 0: 1 module\n {2}base\n/);
	t.is((await plan("--tree", "--state", "wanted")).printed, "card\n`-- base\nlone\n");
	t.false((await plan("--dot", "card")).printed.includes("lone"));
	const records = (await plan("--json", "--module", "base")).printed.trimEnd().split("\n");
	t.deepEqual(
		records.map((line) => JSON.parse(line)).map(({ kind, module, alias }) => [kind, module ?? alias].join(" ").trim()),
		["step base", "step card", "decision x:card1", "summary"],
	);
});

test("a filter that nothing meets says so in one sentence", async (t) => {
	t.like(await plan("nobody", "--state", "kept-out"), {
		status: exitStatus.unable,
		printed: "",
		complained: "coldplug: nothing here is like that: module, device or subsystem 'nobody' with state 'kept out'\n",
	});
});

test("nothing of /sys is looked at for a form that does not show it", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	const inspect = async () => t.fail() as never;
	for (const form of ["--order", "--tree", "--dot", "--json"])
		t.is(await coldplug.start(["-n", form], { ...machine, inspect }), exitStatus.done);
});
