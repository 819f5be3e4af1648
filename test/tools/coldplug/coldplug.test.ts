import test from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { heard } from "../../support/fakes/fake-kernel.js";
import { type FakeMachine, type FakeMachineOptions, makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { until } from "../../support/running/until.js";
import { configFile, moduleDirectory, type World } from "../../support/worlds/world.js";

const world: World = {
	modules: { card: ["base"], base: [], lone: [], soft: [] },
	aliases: { "x:card*": "card", "x:lone": "lone", "x:built": "built" },
	builtin: ["built"],
};
const devices = { "pci/card": "x:card1", lone: ["x:lone", "x:none"] };

const configured = (config: string, more: Partial<World> = {}): World => ({ ...world, ...more, config });

/** A short quiet time suffices, since all events come from the test. */
const SOON = ["--quiet", "20"];

const load = (machine: FakeMachine, ...words: readonly string[]): Promise<number> =>
	coldplug.start([...SOON, ...words], machine);

const modules = ({ fakeKernel }: FakeMachine): string =>
	fakeKernel.begun.map((line) => line.replace(/.*\/(\w+)\.ko/, "$1")).join(", ");

type Case = Partial<FakeMachineOptions> & { readonly loaded: string };

const exits = test.macro({
	async exec(t, status: keyof typeof exitStatus, { loaded, ...options }: Case) {
		const machine = makeFakeMachine({ world, devices, ...options });
		t.is(await load(machine), exitStatus[status]);
		t.is(modules(machine), loaded);
		t.is(machine.printed(), "");
		t.is(machine.complained() === "", status === "done", machine.complained());
		t.is(machine.sockets(), 0);
	},
	title: (title, status: keyof typeof exitStatus) => `coldplug exits ${exitStatus[status]} where ${title}`,
});

test("everything is loaded", exits, "done", { loaded: "base, lone, card" });
test("there are no devices", exits, "done", { devices: {}, loaded: "" });
test("no alias has a module", exits, "done", { devices: { a: "x:none" }, loaded: "" });
test("what is wanted is built in", exits, "done", { devices: { a: "x:built" }, loaded: "" });
test("what is wanted is blacklisted", exits, "done", {
	world: configured("blacklist lone\nblacklist card"),
	loaded: "",
});
test("the kernel command line blacklists it", exits, "done", {
	world: { ...world, commandLine: "quiet modprobe.blacklist=lone,card" },
	loaded: "",
});
test("what is wanted is masked", exits, "done", { world: configured("install lone /bin/false"), loaded: "base, card" });
test("what is needed is masked", exits, "done", { world: configured("install base /bin/false"), loaded: "lone" });
test("somebody else was quicker", exits, "done", { answers: { lone: "EEXIST" }, loaded: "base, lone, card" });
test("a driver finds no device", exits, "done", { answers: { lone: "ENODEV" }, loaded: "base, lone, card" });
test("a driver finds no address", exits, "done", { answers: { base: "ENXIO" }, loaded: "base, lone" });
test("a softdep fails", exits, "done", {
	world: configured("softdep lone pre: soft"),
	answers: { soft: "EIO" },
	loaded: "base, soft, card, lone",
});
test("a driver fails", exits, "driverFailed", { answers: { base: "EIO" }, loaded: "base, lone" });
test("an install command fails", exits, "driverFailed", {
	world: configured("install lone sound it"),
	statuses: { lone: 3 },
	loaded: "base, MODPROBE_MODULE=lone sound it, card",
});
test("one module may not be inserted", exits, "driverFailed", {
	answers: { lone: "EPERM" },
	loaded: "base, lone, card",
});
test("no module may be inserted, for no known reason", exits, "driverFailed", {
	answers: { lone: "EPERM", base: "EPERM" },
	loaded: "base, lone",
});
test("the process may insert no module", exits, "notPermitted", {
	answers: { lone: "EPERM", base: "EPERM" },
	files: { "/proc/self/status": "CapEff:\t0000000000000000\n" },
	loaded: "base, lone",
});

const refusals: readonly (readonly [keyof typeof exitStatus, string, Readonly<Record<string, string>>])[] = [
	["notPermitted", "CAP_SYS_MODULE is missing", { "/proc/self/status": "CapEff:\t0000000000000000\n" }],
	["notPermitted", "kernel.modules_disabled is set", { "/proc/sys/kernel/modules_disabled": "1\n" }],
	[
		"driverFailed",
		"module_blacklist= on the kernel command line names it",
		{ "/proc/cmdline": "module_blacklist=lone" },
	],
	[
		"driverFailed",
		"the kernel is locked down (integrity)",
		{ "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n" },
	],
	["driverFailed", "not permitted: ", {}],
];
for (const [status, why, files] of refusals)
	test(`the exit status is "${status}" whatever was live before where "${why}"`, async (t) => {
		for (const live of [[], ["base", "card"]]) {
			const machine = makeFakeMachine({ world, devices, files, answers: { lone: "EPERM" } });
			for (const module of live) machine.fakeKernel.live.add(module);
			t.is(await load(machine), exitStatus[status], live.join(" "));
			t.is(modules(machine), live.length > 0 ? "lone" : "base, lone, card");
			const said = machine
				.complained()
				.split("\n")
				.filter((line) => line !== "");
			t.is(said.length, 1);
			t.true(said[0]?.includes(`: ${why}`) && said[0].endsWith(" (EPERM)"), said[0]);
		}
	});
test("the kernel cannot load modules", exits, "noModules", {
	answers: { lone: "ENOSYS", base: "ENOSYS" },
	loaded: "base, lone",
});
test("a module has no file", exits, "driverFailed", {
	world: { ...world, aliases: { "x:card*": "gone", "x:lone": "lone" } },
	loaded: "lone",
});
test("there are no devices to be seen", exits, "unable", { withoutDevices: "ENOENT", loaded: "" });
test("uevents cannot be listened to", exits, "unable", { withoutSocket: "EAFNOSUPPORT", loaded: "base, lone, card" });

test("rubbish in modprobe.d is told, and all else is done", async (t) => {
	const machine = makeFakeMachine({ world: configured("rubbish\nblacklist lone"), devices });
	t.is(await load(machine), exitStatus.done);
	t.is(modules(machine), "base, card");
	t.is(machine.complained(), `coldplug: ${configFile} line 1: ignoring bad line starting with 'rubbish'\n`);
});

test("what a depmod left that was interrupted is told, and all else is done", async (t) => {
	const draft = `${moduleDirectory}/.modules.alias.bin.0123456789abcdef01234567.new`;
	const machine = makeFakeMachine({ world, devices, files: { [draft]: "" } });
	t.is(await load(machine), exitStatus.done);
	t.regex(
		machine.complained(),
		/^coldplug: \S+\.new: a depmod that was interrupted left this draft, .*: files may be of two runs; run depmod\n$/,
	);
});

test("a device that comes up while it loads is handled before it ends", async (t) => {
	const machine = makeFakeMachine({ world, devices: { "pci/card": "x:card1" }, held: true });
	const ended = load(machine);
	await machine.listening;
	await until(() => machine.fakeKernel.underway().length > 0);
	await machine.plugIn("usb/stick", "x:lone");
	await heard();
	t.deepEqual(machine.fakeKernel.underway(), ["base", "lone"]);
	await machine.fakeKernel.end("lone");
	await machine.fakeKernel.end("base");
	await machine.fakeKernel.end("card");
	t.is(await ended, exitStatus.done);
});

test("a signal ends it when what runs has ended, and it says what it waits for", async (t) => {
	const machine = makeFakeMachine({ world, devices, held: true, files: { "/etc/hotplugd.toml": "parallel = 1" } });
	const ended = load(machine);
	await until(() => machine.fakeKernel.underway().length > 0);
	machine.signal("SIGTERM");
	t.regex(machine.complained(), /^coldplug: SIGTERM: waiting for base\n$/);
	await machine.fakeKernel.end("base");
	t.is(await ended, exitStatus.stopped);
	t.is(modules(machine), "base");
	t.is(machine.sockets(), 0);
});

test("a signal that comes before it listens ends it too", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	const early: FakeMachine = {
		...machine,
		async devices(sysfs) {
			const sources = await machine.devices(sysfs);
			const listen: typeof sources.listen = (options) => {
				machine.signal("SIGTERM");
				return sources.listen(options);
			};
			return { ...sources, listen };
		},
	};
	t.is(await load(early), exitStatus.stopped);
	t.deepEqual(machine.fakeKernel.begun, []);
});

test("it listens before it looks, and makes room for its threads before that", async (t) => {
	const machine = makeFakeMachine({
		world,
		devices,
		files: { "/etc/hotplugd.toml": "parallel = 7\nreceive_buffer_bytes = 8192\nquiet_milliseconds = 20" },
	});
	t.is(await coldplug.start([], machine), exitStatus.done);
	t.deepEqual(machine.asked, ["threads 7", "listen 8192", "walk /sys"]);
});

test("what is live is not begun", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	machine.fakeKernel.live.add("base").add("lone");
	t.is(await load(machine), exitStatus.done);
	t.is(modules(machine), "card");
});

test("options reach the insertion", async (t) => {
	const machine = makeFakeMachine({ world: configured("options lone debug=1"), devices: { lone: "x:lone" } });
	await load(machine);
	t.deepEqual(machine.fakeKernel.begun, [`insmod ${moduleDirectory}/kernel/lone.ko debug=1`]);
});

test("-v says what was done, in batches", async (t) => {
	const machine = makeFakeMachine({ world, devices, answers: { lone: "ENODEV" } });
	await load(machine, "-v");
	t.regex(machine.printed(), /^listening with \d+ bytes/);
	t.regex(machine.printed(), /^batch 1: base: inserted, \d+ ms$/m);
	t.regex(machine.printed(), /^batch 1: lone: its driver found no hardware/m);
	t.regex(machine.printed(), /^looked at 2 devices/m);
	t.regex(machine.printed(), /^settled\n$/m);
});

test("-vv says why, too", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	await load(machine, "-vv");
	t.regex(machine.printed(), /^\/devices\/lone: x:none matches no module$/m);
	t.regex(machine.printed(), /^batch 1: base: inserted, \d+ ms \(dependency of card\)$/m);
});

test("-v ends with the summary, the exceptions and the table of a dry run, with outcomes in the place of plans", async (t) => {
	const machine = makeFakeMachine({
		world: configured("blacklist lone"),
		devices: { ...devices, other: "x:none" },
		answers: { card: "EIO" },
	});
	t.is(await load(machine, "-v"), exitStatus.driverFailed);
	const [, table = ""] = machine.printed().split("\nsettled\n\n");
	t.deepEqual(table.split("\n"), [
		"1 module loaded in 1 batch for 1 of 3 devices; 1 failed, 1 kept out",
		"",
		"failed:",
		"  card  insert failed with EIO; see dmesg (asked for by card)",
		"",
		"kept out:",
		`  lone  blacklisted by ${configFile}:1 (asked for by lone)`,
		"",
		"DEVICE  DRIVER NOW  MODULES  CAUSE",
		"card    -           card +1  failed: insert failed with EIO; see dmesg",
		"lone    -           lone     kept out: blacklisted by world.conf:1",
		"",
		"1 device asks for no module that there is (-v lists it)",
		"",
	]);
});

test("without -v nothing is printed, and no device is looked at again", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	t.is(await load(machine), exitStatus.done);
	t.deepEqual([machine.printed(), machine.complained()], ["", ""]);
});

test("--json says the same as records, one a line", async (t) => {
	const machine = makeFakeMachine({ world, devices: { ...devices, none: "x:none" }, answers: { lone: "EIO" } });
	t.is(await load(machine, "--json", "-q"), exitStatus.driverFailed);
	t.is(machine.complained(), "");
	const records = machine
		.printed()
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	t.deepEqual([...new Set(records.map(({ kind }) => kind))].sort(), [
		"decision",
		"listening",
		"outcome",
		"settled",
		"step",
		"walked",
	]);
	const outcome = records.find(({ kind, module }) => kind === "outcome" && module === "lone");
	t.like(outcome, { batch: 1, result: "failed", errno: "EIO", required: true });
	t.like(
		records.find(({ kind, alias }) => kind === "decision" && alias === "x:none"),
		{ device: "/devices/lone", matches: [] },
	);
});

test("-q keeps quiet about failures", async (t) => {
	const machine = makeFakeMachine({ world, devices, answers: { lone: "EIO" } });
	t.is(await load(machine, "-q"), exitStatus.driverFailed);
	t.is(machine.complained(), "");
});

const settingsAreRefused = test.macro({
	async exec(t, files: Readonly<Record<string, string>>, complaint: string) {
		const machine = makeFakeMachine({ world, devices, files });
		t.is(await load(machine, "--config", "/settings"), exitStatus.usage);
		t.regex(machine.complained(), new RegExp(`^coldplug: ${complaint}`));
		t.deepEqual(machine.fakeKernel.begun, []);
		t.deepEqual(machine.asked, []);
		t.deepEqual(machine.insertionProcess, ["closed"]);
	},
	title: (title) => `${title} keeps it from beginning`,
});

test("a settings file that is not there", settingsAreRefused, {}, "there is no settings file /settings\n$");
test(
	"a key that is none",
	settingsAreRefused,
	{ "/settings": "parallel = 2\n\nquite = 3" },
	"/settings line 3: quite is no setting; the keys are source, .*\n$",
);
test(
	"a value that cannot be",
	settingsAreRefused,
	{ "/settings": "# few\nparallel = 0" },
	"/settings line 2: parallel must be a whole number from 1 to .*\n$",
);
test("what is no TOML", settingsAreRefused, { "/settings": "\nparallel: 3\n" }, "/settings line 2: .+\n$");
test(
	"each of two wrong lines",
	settingsAreRefused,
	{ "/settings": "a = 1\nb = 2" },
	"/settings line 1: a is no setting.*\ncoldplug: /settings line 2: b is no setting.*\n$",
);

const misused = test.macro({
	async exec(t, words: readonly string[], complaint: RegExp) {
		const machine = makeFakeMachine({ world, devices });
		t.is(await coldplug.start(words, machine), exitStatus.usage);
		t.regex(machine.complained(), complaint);
		t.deepEqual(machine.asked, []);
	},
	title: (_, words: readonly string[]) => `coldplug ${words.join(" ")} is a usage error`,
});

test(misused, ["--sysfs", "/tmp"], /--dry-run/);
test(misused, ["--quiet", "soon"], /whole number/);
test(misused, ["extra"], /unexpected argument 'extra'/);
test(misused, ["--no-such"], /no-such/);
test(misused, ["--tree"], /^coldplug: --tree needs --dry-run\n$/);
test(misused, ["--module", "lone"], /^coldplug: --module, --device, --subsystem and --state need --dry-run\n$/);
test(misused, ["-n", "--tree", "--json"], /^coldplug: --json and --tree exclude each other\n$/);
test(misused, ["-n", "--order", "--dot"], /^coldplug: --order and --dot exclude each other\n$/);
test(
	misused,
	["-n", "--state", "blacklisted"],
	/^coldplug: 'blacklisted' is no state: the states are wanted, loaded, built-in, kept-out, missing, failed, not-ended, no-hardware, not-bound, firmware-missing, no-driver, no-module\n$/,
);

test("a dry run with --order prints the plan with its reasons, and neither listens nor loads", async (t) => {
	const machine = makeFakeMachine({ world: configured("blacklist lone"), devices });
	t.is(await coldplug.start(["-n", "--order"], machine), exitStatus.done);
	t.is(
		machine.printed(),
		[
			"batch 1, level 0: 1 module",
			"  base",
			`    insmod ${moduleDirectory}/kernel/base.ko`,
			"    dependency of card",
			"batch 1, level 1: 1 module",
			"  card",
			`    insmod ${moduleDirectory}/kernel/card.ko`,
			"    /devices/pci/card: x:card1 matches x:card* (alias index)",
			`not loaded: lone: blacklisted by ${configFile} line 1; /devices/lone: x:lone matches x:lone`,
			"2 modules in 1 batches for 2 devices with 3 aliases; 1 blacklisted, 0 masked, 0 built in, 1 aliases without a module",
			"",
		].join("\n"),
	);
	t.is(machine.complained(), "");
	t.deepEqual(machine.asked, ["walk /sys"]);
	t.deepEqual(machine.fakeKernel.begun, []);
});

const off = { world: { ...world, commandLine: "quiet hotplugd=off" }, devices };
const isOff = "coldplug: hotplugd=off is on the kernel command line: nothing is loaded\n";

test("hotplugd=off on the kernel command line has it load nothing, and say so in one line", async (t) => {
	const machine = makeFakeMachine({ ...off, files: { "/etc/hotplugd.toml": "these are no settings" } });
	t.is(await load(machine), exitStatus.done);
	t.deepEqual([machine.complained(), machine.printed(), modules(machine)], [isOff, "", ""]);
	t.deepEqual(machine.asked, []);
});

test("a dry run says that hotplugd=off keeps all from being loaded, and what would be; of another machine it cannot know", async (t) => {
	const machine = makeFakeMachine(off);
	t.is(await load(machine, "--dry-run", "--order"), exitStatus.done);
	t.is(machine.complained(), isOff);
	t.regex(machine.printed(), /^3 modules in /m);
	const another = makeFakeMachine(off);
	t.is(await load(another, "--dry-run", "--order", "--sysfs", "/captured/sys"), exitStatus.done);
	t.is(another.complained(), "");
});

test("a kernel command line that cannot be read keeps no module from being loaded, and that is said", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	const { read } = machine.fakeKernel;
	machine.fakeKernel.read = (path) => {
		if (path === "/proc/cmdline") throw new Refusal({ operation: "read", subject: path, code: "EACCES" });
		return read(path);
	};
	t.is(await load(machine), exitStatus.done);
	t.is(modules(machine), "base, lone, card");
	t.deepEqual(machine.complained().split("\n"), [
		"coldplug: could not read /proc/cmdline: EACCES, so a hotplugd= in that file is ignored",
		"coldplug: /proc/cmdline: cannot be read (EACCES), so nothing in it counts",
		"",
	]);
});

test("what hotplugd= says beside on and off is not heeded, and that is said", async (t) => {
	const odd = makeFakeMachine({ world: { ...world, commandLine: "hotplugd=of" }, devices });
	t.is(await load(odd), exitStatus.done);
	t.regex(odd.complained(), /^coldplug: hotplugd=of on the kernel command line is ignored: .*\n$/);
	t.is(modules(odd), "base, lone, card");
	const on = makeFakeMachine({ world: { ...world, commandLine: "hotplugd=off hotplugd=on" }, devices });
	t.is(await load(on), exitStatus.done);
	t.deepEqual([on.complained(), modules(on)], ["", "base, lone, card"]);
});

test("a dry run of this machine leaves out what is live, and one of another machine does not", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	for (const module of ["base", "card", "lone"]) machine.fakeKernel.live.add(module);
	await coldplug.start(["-n", "--order"], machine);
	t.regex(machine.printed(), /^0 modules/);
	await coldplug.start(["-n", "--order", "--sysfs", "/other/sys"], machine);
	t.regex(machine.printed(), /^3 modules/m);
	t.deepEqual(machine.asked, ["walk /sys", "walk /other/sys"]);
});

test("another machine's kernel has another command line", async (t) => {
	const machine = makeFakeMachine({ world: { ...world, commandLine: "modprobe.blacklist=lone" }, devices });
	await coldplug.start(["-n", "--order", "--sysfs", "/other/sys"], machine);
	t.regex(machine.printed(), /0 blacklisted/);
});

test("a dry run's records are steps, decisions and a summary", async (t) => {
	const machine = makeFakeMachine({ world, devices });
	t.is(await coldplug.start(["-n", "--json"], machine), exitStatus.done);
	const records = machine
		.printed()
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	t.deepEqual(
		records.map(({ kind, module, alias }) => [kind, module ?? alias ?? ""].join(" ").trim()),
		["step base", "step lone", "step card", "decision x:card1", "decision x:lone", "decision x:none", "summary"],
	);
	t.like(records.at(-1), { modules: 3, batches: 1, devices: 2, aliases: 3, unmatched: 1, problems: 0 });
});
