// The forms and filters of coldplug --dry-run, on machines in memory and on the captured machine.
import { rmSync, writeFileSync } from "node:fs";
import test from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import { run } from "../../../src/main.js";
import type { DeviceState } from "../../../src/ports/inspection.js";
import { thisMachine } from "../../../src/this-machine.js";
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { copyMachine, readMachine } from "../../support/fakes/captured-machine.js";
import { makeFakeInspection } from "../../support/fakes/fake-inspection.js";
import { type FakeMachineOptions, makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { dryRunHere } from "../../support/running/coldplug-process.js";
import { moduleImage } from "../../support/worlds/elf-image.js";
import { moduleDirectory, type World } from "../../support/worlds/world.js";

const RELEASE = "6.1.0-56-amd64";

/** The dry run of the captured machine, in this process, at a terminal of 80 columns or elsewhere. */
async function runCaptured(
	words: readonly string[],
	environment: Readonly<Record<string, string>> = { COLUMNS: "80" },
) {
	const told = { stdout: "", stderr: "" };
	const status = await run(["node", "coldplug", "-n", "-d", readMachine(), "-S", RELEASE, ...words], {
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
	const { stdout } = await dryRunHere(readMachine(), RELEASE, ["--json"]);
	const records = stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	const summary = records.find(({ kind }) => kind === "summary");
	const decisions = records.filter(({ kind }) => kind === "decision");
	const asking = new Set(decisions.filter(({ matches }) => matches.length > 0).map(({ device }) => device));
	const steps = new Map(records.filter(({ kind }) => kind === "step").map(({ module, how }) => [module, how]));
	const isServing = ({ found, verdict }: { found: { module: string }; verdict: string }) =>
		verdict === "builtin" || (verdict === "wanted" && steps.get(found.module) !== "masked");
	const served = new Set(decisions.filter(({ matches }) => matches.some(isServing)).map(({ device }) => device));
	t.is(asking.size - served.size, 2);
	const keptOut = summary.blacklisted + summary.masked + summary.denied;
	const rivals = records.filter(({ kind, after }) => kind === "step" && after.some((one: object) => "rival" in one));
	const from = lines.indexOf("without a driver:");
	const bare = lines.slice(from, lines.indexOf("", from)).filter((line) => /^ {2}\S/.test(line)).length;
	t.is(
		lines[0],
		`${summary.modules} modules to load in ${summary.batches} batches for ${served.size} of ${summary.devices} devices; ${bare} without a driver, ${keptOut} kept out, ${rivals.length} with rivals`,
	);
	const silent = summary.devices - asking.size;
	t.is(lines.at(-1), `${silent - bare} other devices ask for no module that there is (-v lists them)`);
	const listed = (await runCaptured(["-v"], {})).lines.filter((line) => line.includes("no module: "));
	t.is(listed.length, silent - bare);
});

test("the driver that has bound a device is the one that its uevent names, where /sys has no link", async (t) => {
	const machine = copyMachine();
	rmSync(`${machine}/sys/devices/pci0000:00/0000:00:1f.3/driver`);
	const { lines } = await runCaptured(["-d", machine]);
	t.true(lines.some((line) => /^0000:00:1f\.3 +i801_smbus +i2c_i801 \+1 /.test(line)));
});

test("a device whose uevent cannot be read is shown all the same", async (t) => {
	const machine = copyMachine();
	writeFileSync(`${machine}/sys/devices/pci0000:00/0000:00:16.0/uevent`, "x".repeat(100_000));
	const { lines, status, stderr } = await runCaptured(["i6300esb", "-d", machine]);
	t.is(status, exitStatus.unable);
	t.regex(stderr, /^coldplug: skipped \S+0000:00:16\.0: its uevent cannot be read: it is larger than 64 KiB/);
	t.true(lines.some((line) => /^0000:00:16\.0 +- +i6300esb +kept out: /.test(line)));
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
	t.is(lines[0], "3 modules to load in 1 batch for 2 of 5 devices; 1 without a driver, 1 kept out");
	t.deepEqual(lines.slice(2, 4), ["without a driver:", "  unbound  x:none"]);
	t.true(lines.includes("1 other device asks for no module that there is (-v lists it)"));
});

test("an operand is a module, a device or a subsystem", async (t) => {
	t.is((await plan("banned")).lines[0], "nothing to load for 1 device; 1 kept out");
	t.is((await plan("pci/card")).lines[0], "2 modules to load in 1 batch for 1 device");
	t.is((await plan("net")).lines[0], "nothing to load for 1 device");
	t.is((await plan("banned", "lone")).lines[0], "1 module to load in 1 batch for 1 of 2 devices; 1 kept out");
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

const unmet = test.macro<[words: readonly string[], sentence: string]>({
	exec: async (t, words, sentence) =>
		t.like(await plan(...words), { status: exitStatus.unable, printed: "", complained: `coldplug: ${sentence}\n` }),
	title: (_, words) => `a filter that nothing meets says so in one sentence, in its own words: ${words.join(" ")}`,
});

test(
	unmet,
	["nobody", "else"],
	"no device of this machine is called nobody or else, is in a subsystem or asks for a module of that name",
);
test(unmet, ["--module", "nobody"], "no device of this machine asks for the module nobody");
test(unmet, ["--device", "0:1"], "no device of this machine has the path or address 0:1");
test(unmet, ["--subsystem", "usb"], "no device of this machine is in the subsystem usb");
test(unmet, ["--state", "not-bound"], "no device of this machine is in the state not-bound");
test(
	unmet,
	["--state", "missing", "--state", "not-bound"],
	"no device of this machine, and no module that one asks for, is in the state missing or not-bound",
);
test(
	unmet,
	["nobody", "--state", "kept-out"],
	"no device of this machine meets all that is asked for: nobody --state kept-out",
);
test("of another machine it says so too", async (t) => {
	const { stderr } = await runCaptured(["--state", "firmware-missing"]);
	t.is(stderr, "coldplug: no device of that machine is in the state firmware-missing\n");
});

/** A dry run where the modules of the device pci/card are live, and nothing has bound it; the others are of classes. */
async function planUnbound(
	words: readonly string[],
	state: Partial<DeviceState>,
	more: Partial<FakeMachineOptions> = {},
) {
	const { states, ...options } = more;
	const machine = makeFakeMachine({
		world,
		devices,
		...options,
		states: {
			devices: { "/devices/pci/card": { onBus: true, subsystem: "pci", ...state } },
			drivers: { card: [{ bus: "pci", name: "card", devices: [] }] },
			...states,
		},
	});
	for (const module of ["base", "card", "lone"]) machine.fakeKernel.live.add(module);
	const status = await coldplug.start(["-n", ...words], machine);
	return { machine, status, printed: machine.printed(), lines: machine.printed().split("\n") };
}

test("a device that is not bound although its modules are loaded is an exception, with the kernel's reason", async (t) => {
	const { lines } = await planUnbound([], { driverOverride: "vfio" });
	t.is(lines[0], "nothing to load for 5 devices; 1 not bound, 1 kept out, 2 loaded already");
	t.deepEqual(lines.slice(2, 4), [
		"loaded, not bound:",
		"  card  card: driver_override of card names vfio (/sys/devices/pci/card/driver_override)",
	]);
	t.true(lines.includes("card    -           card     loaded, not bound: x:card*"));
	const deferred = { "/sys/kernel/debug/devices_deferred": "card\tits clock does not tick\n" };
	const { printed } = await planUnbound([], {}, { files: deferred });
	t.true(printed.includes("  card  card: its probe is put off: its clock does not tick ("));
});

test("firmware is missing where the log says so, and where none of the files is there that the live module lists", async (t) => {
	const log = [{ microseconds: 2e6, text: "card card: Direct firmware load for a.bin failed with error -2" }];
	const { lines } = await planUnbound([], {}, { states: { log } });
	const [, , heading, first] = lines;
	t.is(heading, "firmware missing:");
	t.is(first, "  card  card: the firmware a.bin is missing: the kernel's log says so (at 2.000 s)");
	const image = moduleImage([], [], ["firmware=b.bin"]).toString("latin1");
	const files = { [`${moduleDirectory}/kernel/card.ko`]: image };
	t.true((await planUnbound([], {}, { files })).printed.includes("the firmware b.bin is missing: none of the files"));
	// A directory of files in memory is there only when it is one of them.
	const there = { ...files, "/lib/firmware": "", "/lib/firmware/b.bin": "" };
	const { printed } = await planUnbound([], {}, { files: there });
	t.true(printed.includes("loaded, not bound:\n  card  card: no reason is known\n"));
});

test("what cannot be read is named once, where a cause is wanting", async (t) => {
	const states = { log: { unreadable: "may not be read" } };
	const remark = "  (what might tell why cannot be read here: the kernel's log, /sys/kernel/debug/devices_deferred)";
	t.is((await planUnbound([], {}, { states })).lines.filter((line) => line === remark).length, 1);
	t.false((await planUnbound([], { driverOverride: "vfio" }, { states })).printed.includes("cannot be read"));
});

test("a real run says at its end what is not bound, too", async (t) => {
	const states = {
		devices: { "/devices/lone": { onBus: true, subsystem: "x", waitingForSupplier: true } },
		drivers: { lone: [{ bus: "x", name: "lone", devices: [] }] },
	};
	const machine = makeFakeMachine({ world, devices: { lone: "x:lone" }, states });
	t.is(await coldplug.start(["-v"], machine), exitStatus.done);
	const [, told = ""] = machine.printed().split("\nsettled\n\n");
	t.deepEqual(told.split("\n").slice(0, 4), [
		"1 module loaded in 1 batch for 1 device; 1 not bound",
		"",
		"loaded, not bound:",
		"  lone  lone: it waits for a supplier (/sys/devices/lone/waiting_for_supplier)",
	]);
});

test("devices that are not bound are found by their state, in every form", async (t) => {
	t.is(
		(await planUnbound(["--state", "not-bound"], {})).lines[0],
		"nothing to load for 1 device; 1 not bound, 1 loaded already",
	);
	const { printed } = await planUnbound(["--state", "not-bound", "--json"], {});
	t.true(printed.includes('"device":"/devices/pci/card"'));
	t.is((await planUnbound(["--state", "firmware-missing"], {})).status, exitStatus.unable);
});

test("neither log nor debugfs is read where all is bound, or for another machine's devices", async (t) => {
	const bound = { driver: "card", driverModule: "card" };
	for (const [words, state] of [
		[[], bound],
		[["--state", "not-bound"], bound],
		[["--subsystem", "net"], {}],
		[["--tree", "card"], {}],
		[["--sysfs", "/other"], {}],
	] as const) {
		const machine = makeFakeMachine({ world, devices });
		for (const module of ["base", "card", "lone"]) machine.fakeKernel.live.add(module);
		const read: string[] = [];
		const kernel = {
			...machine.fakeKernel,
			read(path: string) {
				read.push(path);
				return machine.fakeKernel.read(path);
			},
		};
		const states = { "/devices/pci/card": { onBus: true, subsystem: "pci", ...state } };
		const drivers = { card: [{ bus: "pci", name: "card", devices: [] }] };
		const inspection = { ...makeFakeInspection({ devices: states, drivers }), kernelLog: () => t.fail() as never };
		await coldplug.start(["-n", ...words], { ...machine, kernel: async () => kernel, inspect: async () => inspection });
		t.true(read.length > 0);
		t.deepEqual(
			read.filter((path) => path.includes("debug")),
			[],
			words.join(" "),
		);
	}
});

test("nothing of /sys is looked at for a form that does not show it", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	const inspect = async () => t.fail() as never;
	for (const form of ["--order", "--tree", "--dot", "--json"])
		t.is(await coldplug.start(["-n", form], { ...machine, inspect }), exitStatus.done);
});
