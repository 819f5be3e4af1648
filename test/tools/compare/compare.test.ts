// hotplugd compare on machines in folders: what it prints, and its exit status.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { compare } from "../../../src/tools/compare/compare.js";
import { copyMachine, modules, release } from "../../support/fakes/captured-machine.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";
import { writeMachine } from "../../support/worlds/machine-folder.js";
import type { World } from "../../support/worlds/world.js";
import { moduleFile } from "../../support/worlds/world-folder.js";

const world: World = {
	modules: { card: ["base"], base: [], other: [], soft: [] },
	aliases: { "x:card*": "card", "x:other": "other" },
};
const devices = { "d/1": "x:card1", "d/2": "x:other", "d/3": "x:none" };

const machine = (name: string, more: Partial<World> = {}) =>
	writeMachine(name, { world: { ...world, ...more }, devices });

const run = (...words: readonly string[]) => ourTool("hotplugd", "compare", ...words);

test("a machine that is the same has nothing to tell, and the exit status is 0", async (t) => {
	const a = machine("same");
	const { status, stdout, stderr } = await run(a, a);
	t.deepEqual([status, stderr], [0, ""]);
	t.deepEqual(stdout.replaceAll(a, "SAME").split("\n"), [
		"no device gains, loses or changes a driver from SAME (A) to SAME (B)",
		"",
		"SAME (A): 6.0.0, 3 devices, 3 modules",
		"SAME (B): 6.0.0, 3 devices, 3 modules",
		"",
	]);
});

test("the first line tells the loss with its cause and place, and the exit status is 3", async (t) => {
	const [a, b] = [machine("before"), machine("after", { config: "\nblacklist card\nsoftdep other pre: soft\n" })];
	const { status, stdout } = await run(a, b);
	t.is(status, 3);
	t.deepEqual(stdout.replaceAll(a, "A").replaceAll(b, "B").split("\n"), [
		"1 of 3 devices loses a driver in B: d/1: card: blacklisted by B/etc/modprobe.d/world.conf:2",
		"",
		"DEVICE  BEFORE  AFTER  CAUSE",
		"d/1     card    -      blacklisted by B/etc/modprobe.d/world.conf:2",
		"",
		"MODULE  BEFORE  AFTER   CAUSE",
		"base    loaded  -       it came with card, which is not loaded in B",
		"soft    -       loaded  A lacks the softdep of B, B/etc/modprobe.d/world.conf:3 (softdep other pre: soft)",
		"",
		"A: 6.0.0, 3 devices, 3 modules",
		"B: 6.0.0, 3 devices, 2 modules",
		"",
	]);
	const back = await run(b, a);
	t.is(back.status, 0);
	t.regex(back.stdout, /^no device loses a driver from \S+after to \S+before: 1 gains one\n/);
});

test("with --json each device and each module is a line, and the summary is the last", async (t) => {
	const [a, b] = [machine("json-a"), machine("json-b", { config: "blacklist card\noptions other x=1" })];
	const { status, stdout } = await run("--json", a, b);
	t.is(status, 3);
	const records = stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	t.deepEqual(
		records.map(({ kind, change, device, module }) => [kind, change, device ?? module]),
		[
			["device", "loses", "/devices/d/1"],
			["module", "lost", "base"],
			["module", "lost", "card"],
			["module", "parameters", "other"],
			["summary", undefined, undefined],
		],
	);
	t.like(records[0], {
		alias: "x:card1",
		before: [{ module: "card", how: "module", pattern: "x:card*" }],
		after: [],
		lost: [
			{
				module: "card",
				because: { kind: "blacklisted", side: "b", source: { file: `${b}/etc/modprobe.d/world.conf`, line: 1 } },
			},
		],
		gained: [],
	});
	t.like(records.at(-1), {
		loses: 1,
		gains: 0,
		changes: 0,
		modulesLost: 2,
		modulesOtherwise: 1,
		a: { name: a, devices: 3, modules: 3 },
	});
});

test("one machine is compared under another kernel, by its directory, its root or its release", async (t) => {
	const a = machine("kernels");
	const b = writeMachine("kernel", { world: { ...world, aliases: { "x:card*": "card" } } });
	const directory = `${b}/lib/modules/6.0.0`;
	for (const word of [b, directory, `${directory}/`]) {
		const { status, stdout } = await run(a, "--kernel", word);
		t.is(status, 3);
		t.is(
			stdout.split("\n")[0],
			`1 of 3 devices loses a driver in ${word}: d/2: other: ${word} has other, but none of its patterns matches the alias`,
		);
		t.regex(stdout, /^the machine's own 6\.0\.0: 6\.0\.0, 3 devices, /m);
	}
	t.is((await run(a, "--kernel", b, "--kernel", b)).status, 0);
	t.is((await run(a, "--kernel", "6.0.0")).status, 0);
	t.regex((await run(a, "--kernel", b, "--kernel", a)).stdout, /: 1 gains one\n/);
});

test("a module file that the other kernel lacks is a loss, and the indexes alone of a kernel lack none", async (t) => {
	const a = machine("files");
	const b = machine("without-a-file");
	rmSync(moduleFile(b, "base"));
	const { status, stdout } = await run(a, "--kernel", b);
	t.is(status, 3);
	t.true(
		stdout.includes(`it needs base, of which: modules.dep has ${moduleFile(b, "base")}, which is not there`),
		stdout,
	);
	rmSync(`${b}/lib/modules/6.0.0/kernel`, { recursive: true });
	t.is((await run(a, "--kernel", b)).status, 0);
});

test("one machine is compared with another configuration, and with other rules", async (t) => {
	const a = machine("configured");
	const config = join(a, "other.conf");
	writeFileSync(config, "install card /bin/false\n");
	const configured = await run(a, "--config", config);
	t.is(configured.status, 3);
	t.true(configured.stdout.includes(`d/1: card: its install line runs '/bin/false': ${config}:1\n`), configured.stdout);
	t.is((await run(a, "--config", config, "--config", config)).status, 0);
	for (const option of ["--config", "--policy"]) {
		const absent = await run(a, option, `${a}/none`);
		t.deepEqual([absent.status, absent.stdout], [2, ""]);
		t.is(absent.stderr, `hotplugd compare: ${option} ${a}/none: there is no such file or directory\n`);
	}
	const rules = writeMachine("ruled", { world: {}, rules: '[[deny]]\nmodule = "other"\n' });
	const ruled = await run(a, "--policy", `${rules}/etc/hotplugd/rules.d`);
	t.is(ruled.status, 3);
	t.true(
		ruled.stdout.includes(`d/2: other: denied by ${rules}/etc/hotplugd/rules.d/rules.toml:1 (a [[deny]] rule)\n`),
		ruled.stdout,
	);
});

/** This machine's module files, which are looked for. */
const moduleFiles = Object.fromEntries(
	Object.keys(world.modules).map((name) => [`/lib/modules/6.0.0/kernel/${name}.ko`, ""]),
);

test("without a machine this one counts, with its kernel command line", async (t) => {
	const fake = makeFakeMachine({
		world,
		devices: { d: "x:card1" },
		files: { "/work/other.conf": "blacklist card\n", ...moduleFiles },
	});
	t.is(await compare.start(["--config", "other.conf"], fake), 3);
	t.is(
		fake.printed(),
		`1 of 1 device loses a driver in other.conf: d: card: blacklisted by /work/other.conf:1

DEVICE  BEFORE  AFTER  CAUSE
d       card    -      blacklisted by /work/other.conf:1

MODULE  BEFORE  AFTER  CAUSE
base    loaded  -      it came with card, which is not loaded in other.conf

this machine: 6.0.0, 1 device, 2 modules
other.conf: 6.0.0, 1 device, 0 modules
`,
	);
	t.is(fake.asked.filter((call) => call.startsWith("walk")).length, 1);
});

const refused: readonly (readonly [words: readonly string[], line: string])[] = [
	[[], "missing operand: with what is this machine to be compared?"],
	[["a", "b", "--kernel", "k"], "--kernel compares one machine with itself: 'b' is one too many"],
	[["--kernel", "k", "--config", "c"], "--kernel and --config exclude each other: one thing is compared"],
	[["--config", "a", "--config", "b", "--config", "c"], "--config is given 3 times: two things are compared"],
	[["--kernel", ""], "--kernel names nothing: it is empty"],
	[["", "b"], "an operand names no machine: it is empty"],
	[["a", "-S", ""], "-S names no kernel release: it is empty"],
	[["a", "b", "c"], "unexpected argument 'c'"],
];

test("a call that does not name two sides is refused", async (t) => {
	for (const [words, line] of refused) {
		const { status, stdout, stderr } = await run(...words);
		t.deepEqual([status, stdout], [2, ""], words.join(" "));
		t.true(stderr.startsWith("hotplugd compare: ") && stderr.includes(line), stderr);
	}
});

test("a root of several kernels asks for the release, and one without any says so", async (t) => {
	const a = copyMachine();
	const empty = writeMachine("empty", { world });
	rmSync(`${empty}/lib`, { recursive: true });
	const lacks = await run(a, empty);
	t.is(lacks.status, 2);
	t.true(
		lacks.stderr.includes(`${empty}: it has no indexes of modules (lib/modules/*/modules.dep.bin): depmod makes them`),
		lacks.stderr,
	);
	t.regex(
		(await run(a, "--kernel", `${a}/none`)).stderr,
		/^hotplugd compare: --kernel \S+none: there is no such directory\n$/,
	);
	const two = machine("two-kernels");
	const other = writeMachine("its-other", { world });
	const { cpSync } = await import("node:fs");
	cpSync(`${other}/lib/modules/6.0.0`, `${two}/lib/modules/6.1.0`, { recursive: true });
	const several = await run(two, two);
	t.is(several.status, 2);
	t.true(
		several.stderr.includes("it has the modules of 6.0.0 and 6.1.0: -S (--set-version) takes one of them"),
		several.stderr,
	);
	t.is((await run(two, two, "-S", "6.1.0")).status, 0);
	t.is((await run(two, "-S", "6.0.0", "--kernel", "6.1.0")).status, 0);
});

test("the captured machine is itself, and loses what a line takes from it", async (t) => {
	const [a, b] = [copyMachine(), copyMachine()];
	t.is((await run(a, b)).status, 0);
	writeFileSync(`${b}/etc/modprobe.d/zz.conf`, "blacklist e1000\n");
	const { status, stdout } = await run(a, b);
	t.is(status, 3);
	t.regex(stdout, /^1 of 116 devices loses a driver in \S+: 0000:00:02\.0: e1000: blacklisted by \S+zz\.conf:1\n/);
	t.true(stdout.includes(`${a}: ${release}, 116 devices, 122 modules\n`));
	t.is(modules, `lib/modules/${release}`);
});

test("a capture is a machine like its root, and standard input is one too", async (t) => {
	const a = machine("to-capture");
	const file = join(a, "capture.json.gz");
	t.is((await ourTool("hotplugd", "capture", "-d", a, file)).status, 0);
	const { status, stdout, stderr } = await run(file, a);
	t.deepEqual([status, stderr], [0, ""]);
	t.true(stdout.startsWith(`no device gains, loses or changes a driver from ${file} to ${a}\n`), stdout);
	const b = writeMachine("kernel-for-a-capture", { world: { ...world, aliases: { "x:card*": "card" } } });
	t.is((await run(file, "--kernel", b)).status, 3);
	const config = join(a, "kept-out.conf");
	writeFileSync(config, "blacklist other\n");
	const kept = await run(file, "--config", config);
	t.is(kept.status, 3);
	t.true(kept.stdout.includes(`d/2: other: blacklisted by ${config}:1\n`), kept.stdout);
});

test("a capture of digests alone takes its modules from -d, and anything else is refused", async (t) => {
	const a = machine("digested");
	const file = join(a, "digests.json");
	t.is((await ourTool("hotplugd", "capture", "-d", a, "--without-indexes", file)).status, 0);
	const without = await run(file, a);
	t.is(without.status, 1);
	t.regex(without.stderr, /digests of its indexes alone.* -d\n$/);
	t.is((await run(file, a, "-d", a)).status, 0);
	const aliases = join(a, "lib/modules/6.0.0/modules.alias.bin");
	const digests = JSON.parse(readFileSync(file, "latin1"));
	digests.modules.files["modules.alias.bin"].sha256 = "0".repeat(64);
	writeFileSync(file, JSON.stringify(digests));
	const remarked = await run(file, file, "-d", a);
	t.is(remarked.stderr.split("\n").length, 2, `${aliases}: one line for both sides: ${remarked.stderr}`);
	const misused = await run(a, a, "-d", a);
	t.deepEqual([misused.status, misused.stdout], [2, ""]);
	t.regex(misused.stderr, /no operand is a capture\n$/);
	writeFileSync(file, "no capture");
	const foreign = await run(file, a);
	t.is(foreign.status, 1);
	t.true(foreign.stderr.startsWith(`hotplugd compare: ${file}: `), foreign.stderr);
	t.is((await run(`${a}/none`, a)).stderr, `hotplugd compare: ${a}/none: there is no such file or directory\n`);
	t.is((await run("-", "-")).status, 2);
});

test("names with control characters are escaped", async (t) => {
	const odd = "x:\x1bcard";
	const a = writeMachine("odd-a", {
		world: { modules: { card: [] }, aliases: { "x:*": "card" } },
		devices: { d: odd },
	});
	const b = writeMachine("odd-b", {
		world: { modules: { other: [] }, aliases: { "x:*": "other" } },
		devices: { "\x1b[1m": odd },
	});
	for (const words of [[], ["--json"], ["-v"]]) {
		const { stdout } = await run(a, b, ...words);
		t.false(stdout.includes("\x1b"), stdout);
		t.true(stdout.includes(words[0] === "--json" ? "\\u001b[1m" : "\\x1b[1m"), stdout);
	}
});

test("a device that cannot be read is told, and the exit status is 1", async (t) => {
	const fake = makeFakeMachine({ world, devices: { d: "x:card1" }, files: { "/work/other.conf": "" } });
	const odd: typeof fake.devices = async (...where) => {
		const sources = await fake.devices(...where);
		return {
			...sources,
			present(concerns, onSkipped) {
				onSkipped?.("/devices/odd", new Error("it cannot be read"));
				return sources.present(concerns, onSkipped);
			},
		};
	};
	t.is(await compare.start(["--config", "other.conf", "--json"], { ...fake, devices: odd }), 1);
	t.true(fake.printed().includes('{"kind":"skipped","what":"/devices/odd","reason":"it cannot be read"}\n'));
	t.is(fake.complained(), "hotplugd compare: skipped /devices/odd: it cannot be read\n");
});
