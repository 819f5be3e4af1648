// hotplugd explain on a machine in memory: the first line names cause and place, and the exit status is that of the worst subject.
import test from "ava";
import { explain } from "../../../src/tools/explain/explain.js";
import type { FakeStates } from "../../support/fakes/fake-inspection.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { moduleImage } from "../../support/worlds/elf-image.js";
import { configFile, moduleDirectory, RELEASE, type World, worldFiles } from "../../support/worlds/world.js";

const world: World = {
	modules: {
		card: ["base"],
		base: [],
		rival: [],
		quiet: [],
		listed: [],
		masked: [],
		lined: ["under"],
		under: [],
		kept: [],
		soft: [],
		lone: [],
	},
	aliases: {
		"x:card*": ["card", "rival"],
		"x:quiet": "quiet",
		"x:listed": "listed",
		"x:kept": "kept",
		"x:lined": "lined",
	},
	builtin: ["own"],
	config: ["blacklist listed", "install lined /bin/false", "softdep lone pre: soft", "options card speed=3"].join("\n"),
};

const rules = '[[mask]]\nmodule = "masked"\n\n[[deny]]\nmodule = "kept"\n';

const devices = {
	card: "x:card1",
	quiet: "x:quiet",
	listed: "x:listed",
	kept: "x:kept",
	lined: "x:lined",
	odd: "x:odd",
};

type Situation = {
	readonly live?: readonly string[];
	readonly states?: FakeStates;
	readonly files?: Readonly<Record<string, string>>;
	readonly without?: readonly string[];
	readonly vermagic?: Readonly<Record<string, string>>;
	readonly commandLine?: string;
	/** The devices of this machine, when they are others than those above. */
	readonly present?: Readonly<Record<string, string | readonly string[]>>;
	readonly withoutDevices?: string;
	readonly withoutProcModules?: boolean;
};

/** Runs the command. Resolves with its status, its lines and what it complained of. */
async function ask(words: readonly string[], situation: Situation = {}) {
	const { live = [], states, files = {}, without = [], vermagic = {}, commandLine } = situation;
	const { present = devices, withoutDevices } = situation;
	const installed = Object.keys(world.modules).filter((name) => !without.includes(name));
	const images = installed.map((name) => [
		`${moduleDirectory}/kernel/${name}.ko`,
		moduleImage([], [], [`vermagic=${vermagic[name] ?? RELEASE} SMP`]).toString("latin1"),
	]);
	const machine = makeFakeMachine({
		world: { ...world, ...(commandLine !== undefined && { commandLine }) },
		devices: present,
		...(withoutDevices !== undefined && { withoutDevices }),
		files: { "/etc/hotplugd/rules.d/own.toml": rules, ...Object.fromEntries(images), ...files },
		...(states && { states }),
	});
	for (const module of live) machine.fakeKernel.live.add(module);
	const { fakeKernel } = machine;
	const hidden = {
		...fakeKernel,
		read: (path: string) => (path === "/proc/modules" ? undefined : fakeKernel.read(path)),
	};
	const kernel = situation.withoutProcModules ? { kernel: async () => hidden } : {};
	const status = await explain.start(words, { ...machine, ...kernel });
	const lines = machine.printed().trimEnd().split("\n");
	return { status, lines, first: lines[0] ?? "", complained: machine.complained() };
}

const bound = (driver: string, devpath = "/devices/card"): FakeStates => ({
	devices: { [devpath]: { subsystem: "x", onBus: true, driver, driverModule: driver } },
	drivers: { [driver]: [{ bus: "x", name: driver, devices: [devpath] }] },
});

test("a module that has bound a device is said to drive it, and who asked for it", async (t) => {
	const { first, status } = await ask(["card"], { live: ["base", "card"], states: bound("card") });
	t.is(first, "card: loaded and bound: card drives card, asked for by x:card1");
	t.is(status, 0);
});

test("a module that is live for another one is a dependency of it", async (t) => {
	const { first, status } = await ask(["base"], { live: ["base", "card"], states: bound("card") });
	t.is(first, "base: loaded: dependency of card");
	t.is(status, 0);
});

test("a module that is live and that nothing asks for is said to be so", async (t) => {
	const { first } = await ask(["soft"], { live: ["soft"] });
	t.regex(first, /^soft: loaded: no device, softdep or dependency of this machine asks for it: it was loaded by hand/);
	const named = await ask(["soft"], { live: ["soft"], files: { "/etc/modules-load.d/a.conf": "# mine\n\nsoft\n" } });
	t.is(named.first, "soft: loaded: named by /etc/modules-load.d/a.conf:3");
});

test("a module that a device asks for and that is not live would be loaded", async (t) => {
	const { first, status, lines } = await ask(["quiet", "base"]);
	t.is(first, "quiet: would be loaded: asked for by x:quiet of quiet");
	t.true(lines.includes("base: would be loaded: dependency of card"));
	t.is(status, 3);
});

test("a blacklist is named by file and line, or as a word of the kernel command line", async (t) => {
	const { first, status } = await ask(["listed"]);
	t.is(first, `listed: not loaded: blacklisted by ${configFile}:1; 'modprobe listed' loads it, or remove the line`);
	t.is(status, 5);
	const { first: booted } = await ask(["quiet"], { commandLine: "modprobe.blacklist=quiet" });
	t.regex(booted, /blacklisted by the kernel command line \(modprobe\.blacklist=quiet in \/proc\/cmdline\)/);
	const { first: refused } = await ask(["quiet"], { commandLine: "module_blacklist=quiet" });
	t.regex(refused, /the kernel itself refuses it \(module_blacklist=quiet in \/proc\/cmdline\)/);
});

test("rules of policy and install lines are named by file and line", async (t) => {
	const { lines, status } = await ask(["masked", "kept", "lined"]);
	const answers = lines.filter((line) => !line.startsWith(" "));
	t.deepEqual(answers, [
		"masked: not loaded: masked by /etc/hotplugd/rules.d/own.toml:1 (a [[mask]] rule) (nor does a device of this machine ask for it); 'modprobe masked' loads it, or remove the rule",
		"kept: not loaded: denied by /etc/hotplugd/rules.d/own.toml:4 (a [[deny]] rule) for kept; 'modprobe kept' loads it, or remove the rule",
		`lined: not loaded: its install line runs '/bin/false': ${configFile}:2; 'modprobe -i lined' loads it, or remove the line`,
	]);
	t.is(status, 5);
});

test("a file that is missing, or was built for another kernel, is the cause even if nobody tried", async (t) => {
	const { first } = await ask(["quiet"], { without: ["quiet"] });
	t.is(
		first,
		`quiet: not loaded: modules.dep has ${moduleDirectory}/kernel/quiet.ko, which is not there; run depmod, or install the file`,
	);
	const { first: other } = await ask(["quiet"], { vermagic: { quiet: "5.9.9" } });
	t.regex(other, /it was built for the kernel 5\.9\.9, and this is 6\.0\.0 \(vermagic of .*quiet\.ko\)/);
	const { first: needed } = await ask(["card"], { without: ["base"] });
	t.regex(needed, /^card: not loaded: it needs base, of which: modules\.dep has/);
});

test("what a module with an install line needs is loaded before the line is run, even if the line keeps the module out", async (t) => {
	const { first, status } = await ask(["under"]);
	t.is(first, "under: would be loaded: dependency of lined");
	t.is(status, 3);
});

test("a softdep of a module that is not loaded is no demand", async (t) => {
	const { first, status } = await ask(["soft"]);
	t.is(
		first,
		`soft: not loaded: only a softdep asks for it: ${configFile}:3 (softdep lone pre: soft), and lone is not loaded; 'modprobe soft' loads it`,
	);
	t.is(status, 5);
	const { first: live } = await ask(["soft"], { live: ["lone", "soft"] });
	t.is(live, `soft: loaded: softdep pre of lone (${configFile}:3)`);
});

test("the last answer in a log counts, and the place of the line is told", async (t) => {
	const log = [
		'{"kind":"outcome","module":"quiet","result":"no device","errno":"ENODEV","explanation":"found none"}',
		'{"level":50,"module":"card","result":"failed","errno":"EKEYREJECTED","msg":"card: bad signature (EKEYREJECTED)"}',
		'{"kind":"outcome","module":"qui',
	].join("\n");
	const files = { "/log": log };
	const { lines, complained, status } = await ask(["--log", "/log", "quiet", "card"], { files });
	const answers = lines.filter((line) => !line.startsWith(" "));
	t.regex(answers[0]!, /its driver found no hardware of its own \(ENODEV\), when it was last tried \(\/log:1\)/);
	t.regex(
		answers[1]!,
		/^card: not loaded: it is not signed, and the kernel takes only .* \(EKEYREJECTED\), .*card\.ko, when it was last tried \(\/log:2\)/,
	);
	t.is(complained, "hotplugd explain: /log: a line is no JSON object, and passed by\n");
	t.is(status, 5);
	t.is((await ask(["--log", "/none", "quiet"])).complained, "hotplugd explain: --log /none: there is no such file\n");
});

test("a parameter that the kernel did not take is named, with its options line in the tree", async (t) => {
	const log = '{"kind":"outcome","module":"card","result":"failed","errno":"EINVAL","explanation":"no"}';
	const image = moduleImage([], [], [`vermagic=${RELEASE} SMP`, "parmtype=speed:bool"]).toString("latin1");
	const files = { "/log": log, [`${moduleDirectory}/kernel/card.ko`]: image };
	const { first, lines } = await ask(["--log", "/log", "card"], { files });
	t.regex(
		first,
		/^card: not loaded: its parameter speed is of the type bool, and '3' is no such value \(EINVAL\), .*card\.ko, when it was last tried/,
	);
	t.true(lines.includes(`    options: speed=3 (${configFile}:4)`));
});

test("of rivals, the one that came too late is told who came first", async (t) => {
	const states: FakeStates = {
		devices: { "/devices/card": { subsystem: "x", onBus: true, driver: "card", driverModule: "card" } },
		drivers: {
			card: [{ bus: "x", name: "card", devices: ["/devices/card"] }],
			rival: [{ bus: "x", name: "rival", devices: [] }],
		},
	};
	const { first, status } = await ask(["rival"], { live: ["base", "card", "rival"], states });
	t.is(first, "rival: loaded, not bound to card: card came first for the same alias x:card*, and has bound the device");
	t.is(status, 4);
});

const unbound = (state: object): FakeStates => ({
	devices: { "/devices/quiet": { subsystem: "x", onBus: true, ...state }, "/devices/clock": { subsystem: "y" } },
	drivers: { quiet: [{ bus: "x", name: "quiet", devices: [] }] },
});

test("a device that is loaded for and not bound says why", async (t) => {
	const override = await ask(["quiet"], { live: ["quiet"], states: unbound({ driverOverride: "vfio-pci" }) });
	t.is(
		override.first,
		"quiet: loaded, not bound to quiet: driver_override of quiet names vfio-pci (/sys/devices/quiet/driver_override)",
	);
	const suppliers = [{ devpath: "/devices/clock", driver: undefined }];
	const waits = await ask(["/sys/devices/quiet"], {
		live: ["quiet"],
		states: unbound({ waitingForSupplier: true, suppliers }),
	});
	t.is(
		waits.first,
		"/sys/devices/quiet: quiet loaded, not bound: it waits for the supplier clock, which has no driver (/sys/devices/quiet/waiting_for_supplier, /sys/devices/quiet/supplier:y:clock)",
	);
	t.is(waits.status, 4);
});

test("a probe that is put off is told with the kernel's reason, and what could not be read is told too", async (t) => {
	const states = unbound({});
	const files = { "/sys/kernel/debug/devices_deferred": "quiet\tquiet: its clock does not tick\n" };
	const { first } = await ask(["/devices/quiet"], { live: ["quiet"], states, files });
	t.is(
		first,
		"/devices/quiet: quiet loaded, not bound: its probe is put off: quiet: its clock does not tick (/sys/kernel/debug/devices_deferred)",
	);
	const { first: unknown, lines } = await ask(["/devices/quiet"], { live: ["quiet"], states });
	t.is(unknown, "/devices/quiet: quiet loaded, not bound: the kernel does not tell why; see dmesg");
	t.true(lines.some((line) => /^ {4}note: .*devices_deferred is not there/.test(line)));
});

test("firmware is missing where the kernel's log says so", async (t) => {
	const text = "quiet quiet: Direct firmware load for q-1.bin failed with error -2";
	// The kernel logs each way of loading a file, and last that the probe failed.
	const texts = [
		"quiet quiet: firmware: failed to load q-1.bin (-2)",
		text,
		"quiet: probe of quiet failed with error -2",
	];
	const log = texts.map((line, second) => ({ microseconds: 3_210_000 + 1_000_000 * second, text: line }));
	const { first, lines, status } = await ask(["quiet"], { live: ["quiet"], states: { ...unbound({}), log } });
	t.is(
		first,
		"quiet: loaded, not bound to quiet: the firmware q-1.bin is missing: the kernel's log says so (at 4.210 s)",
	);
	t.is(
		lines.filter((line) => line.includes("q-1.bin is missing")).length,
		2,
		"in the first line, and once in the tree",
	);
	t.true(lines.some((line) => line.includes("probe of quiet failed")));
	t.is(status, 4);
});

test("the kernel's log tells of a refusal of which nobody else knows, and the whole version magic", async (t) => {
	const text = "quiet: version magic '6.0.0 UP ' should be '6.0.0 SMP '";
	const log = [{ microseconds: 5_000_000, text }];
	const { first } = await ask(["quiet"], { states: { log } });
	t.is(first, `quiet: not loaded: the kernel's log says "${text}" (at 5.000 s)`);
	const answers = '{"kind":"outcome","module":"quiet","result":"failed","errno":"ENOEXEC","explanation":"no"}';
	const { first: tried } = await ask(["--log", "/log", "quiet"], { states: { log }, files: { "/log": answers } });
	t.regex(
		tried,
		/it was built for the kernel 6\.0\.0 UP, and this is 6\.0\.0 SMP \(vermagic of .*quiet\.ko\), when it was last tried/,
	);
});

test("a device without any pattern has no driver, and one of a class needs none", async (t) => {
	const { first, status } = await ask(["odd"], {
		states: { devices: { "/devices/odd": { subsystem: "x", onBus: true } } },
	});
	t.regex(first, /^odd: no driver: no module of 6\.0\.0 has a pattern for x:odd/);
	t.is(status, 6);
	const none = await ask(["odd"], { states: { devices: { "/devices/odd": { subsystem: "input" } } } });
	t.is(none.first, "odd: needs no driver: devices of the class input have none");
	t.is(none.status, 0);
	const states = { devices: { "/devices/plain": { subsystem: "pnp", onBus: true } } };
	const plain = await ask(["plain"], { present: { plain: [] }, states });
	t.is(plain.first, "plain: needs no module: it is on the bus pnp, and has no alias that asks for one");
	t.is(plain.status, 0);
});

test("a directory of /sys/module is no device", async (t) => {
	const machine = makeFakeMachine({ world, files: {} });
	const sources = await machine.devices("/sys");
	const loop = { devpath: "/module/loop", aliases: [] };
	const present = (concerns?: (subsystem: string) => boolean) => (concerns?.("module") ? [loop] : []);
	t.is(await explain.start(["loop"], { ...machine, devices: async () => ({ ...sources, present }) }), 1);
	t.is(machine.printed(), "loop: there is no module, alias or device of that name\n");
});

test("an unknown subject gets the nearest names, and the others are answered", async (t) => {
	const { first, lines, status } = await ask(["quiett", "own"]);
	t.is(first, "quiett: there is no module, alias or device of that name; is quiet meant?");
	t.true(lines.includes("own: built into the kernel (modules.builtin)"));
	t.is(status, 1);
	t.is((await ask(["\x1b[31mzzzzzzzz"])).first, "\\x1b[31mzzzzzzzz: there is no module, alias or device of that name");
});

test("without a subject the call is wrong", async (t) => {
	const { status, complained } = await ask([]);
	t.is(status, 2);
	t.regex(complained, /^hotplugd explain: missing subject/);
});

test("an alias is explained by the device that has it, or by the modules that it stands for", async (t) => {
	const { first } = await ask(["x:card1"], { live: ["base", "card"], states: bound("card") });
	t.is(first, "x:card1: bound: card drives card, asked for by x:card1");
	const { first: absent, status } = await ask(["x:card2"]);
	t.is(absent, "x:card2: card would be loaded: asked for by x:card2");
	t.is(status, 3);
});

test("the tree has the pattern with its index, the rivals in their order, dependencies and options with their places", async (t) => {
	const { lines } = await ask(["/devices/card"]);
	t.deepEqual(lines.slice(1), [
		"  device: /devices/card",
		"    alias: x:card1",
		"      pattern: x:card* -> card, first of 2 rivals (modules.alias.bin)",
		"        module: card: not loaded, kernel/card.ko",
		`          options: speed=3 (${configFile}:4)`,
		"          needs: base (not loaded)",
		"      pattern: x:card* -> rival, number 2 of 2 rivals (modules.alias.bin)",
		"        module: rival: not loaded, kernel/rival.ko",
	]);
});

test("of the devices that stand for a subject, each is named in its first line", async (t) => {
	const usb = "usb1/1-4/1-4.1/1-4.1";
	const present = { card: "x:card1", [`${usb}:1.0`]: "x:card2", [`${usb}:1.1`]: "x:odd" };
	const { lines, status } = await ask(["1-4.1"], { present });
	t.deepEqual(
		lines.filter((line) => !line.startsWith(" ")),
		[
			"1-4.1: card would be loaded: asked for by x:card2 of 1-4.1:1.0",
			"1-4.1: no driver: no module of 6.0.0 has a pattern for x:odd of 1-4.1:1.1",
		],
	);
	t.is(status, 6);
});

test("where there are no devices to look at, modules and aliases are explained, and a device is not", async (t) => {
	const withoutDevices = "ENOENT";
	const { lines, status, complained } = await ask(["quiet", "listed", "x:card1", "8086:100e"], { withoutDevices });
	t.is(
		complained,
		"hotplugd explain: no devices were looked at: there is no directory /sys/devices; is sysfs mounted?\n",
	);
	t.deepEqual(
		lines.filter((line) => !line.startsWith(" ")),
		[
			"quiet: not loaded: no module that is loaded or would be asks for it, and no devices were looked at",
			`listed: not loaded: blacklisted by ${configFile}:1; 'modprobe listed' loads it, or remove the line`,
			"x:card1: card would be loaded: asked for by x:card1",
			"8086:100e: no devices were looked at, and no pattern of a module of 6.0.0 names these ids",
		],
	);
	t.false(lines.some((line) => line.includes("of this machine")));
	t.is(status, 6);
	const device = await ask(["card1", "quiet"], { withoutDevices });
	t.is(device.first, "card1: there is no module or alias of that name, and no devices were looked at; is card meant?");
	t.is(device.status, 1);
	const live = await ask(["soft"], { withoutDevices, live: ["soft"] });
	t.regex(live.first, /^soft: loaded: no softdep or dependency asks for it, and no devices were looked at/);
	const named = await ask(["--sysfs", "/none", "quiet"], { withoutDevices });
	t.is(named.status, 1);
	t.is(
		named.complained,
		"hotplugd explain: could not look at the devices: there is no directory /none/devices; is sysfs mounted?\n",
	);
});

test("JSON has one object a subject, with judgement, status and chain", async (t) => {
	const { lines, status } = await ask(["--json", "listed", "own"]);
	const [listed, own, ...more] = lines.map((line) => JSON.parse(line));
	t.deepEqual(more, []);
	t.like(listed, {
		kind: "explanation",
		subject: { word: "listed", as: "module" },
		status: 5,
		judgement: {
			kind: "kept out",
			module: "listed",
			obstacle: { kind: "blacklisted", source: { file: configFile, line: 1 } },
		},
	});
	t.like(own, { status: 0, judgement: { kind: "builtin", module: "own" } });
	t.is(status, 5);
});

test("of several patterns that agree as far, the first line says how many there are", async (t) => {
	const machine = makeFakeMachine({
		world: {
			modules: { net: [] },
			aliases: { "pci:v00008086d00000001sv*sd*bc*sc*i*": "net", "pci:v00008086d00000002sv*sd*bc*sc*i*": "net" },
		},
		devices: { "0000:00:03.0": "pci:v00008086d0000FFFEsv00001AF4sd00001100bc02sc00i00" },
		files: {},
	});
	t.is(await explain.start(["0000:00:03.0"], machine), 6);
	t.regex(machine.printed(), /; nearest: net, pci:\S+, differs in device \(1 other agrees as far\)\n/);
});

test("a device without a driver gets the nearest pattern, and the other kernels that have a module", async (t) => {
	const machine = (also: readonly string[]) => ({
		world: {
			modules: { net: [], other: [] },
			aliases: { "pci:v00008086d0000100Esv*sd*bc*sc*i*": "net", "pci:v00001000d0000000Csv*sd*bc*sc*i*": "other" },
		},
		devices: { "0000:00:03.0": "pci:v00008086d0000FFFEsv00001AF4sd00001100bc02sc00i00" },
		files: {},
		also,
	});
	const without = makeFakeMachine(machine([]));
	t.is(await explain.start(["0000:00:03.0"], without), 6);
	t.regex(
		without.printed(),
		/^0000:00:03\.0: no driver: no module of 6\.0\.0 has a pattern for pci:\S+; nearest: net, pci:\S+, differs in device\n/,
	);
	t.regex(without.printed(), /^ {4}nearest: net .*and the pattern wants 0000100E/m);
});

test("all aliases of a device without a driver are compared, and looked up in the other kernels", async (t) => {
	const other = "/lib/modules/7.0.0";
	const second = { ...world, aliases: { "pci:v00008086d0000100Esv*sd*bc*sc*i*": "far" }, modules: { far: [] } };
	const kernel = Object.fromEntries(
		[...worldFiles(second)].flatMap(([path, content]) =>
			path.startsWith(`${moduleDirectory}/`)
				? [[path.replace(moduleDirectory, other), Buffer.from(content as never).toString("latin1")]]
				: [],
		),
	);
	const card = "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00";
	const { first, lines } = await ask(["odd"], { present: { odd: ["x:odd", "y:0", card] }, files: kernel });
	t.is(first, "odd: no driver: no module of 6.0.0 has a pattern for x:odd and 2 more; the kernel 7.0.0 has far for it");
	t.deepEqual(lines.filter((line) => line.includes("7.0.0")).slice(1), [
		`    other kernel: 7.0.0 has far for it (${other})`,
	]);
	const many = [
		"x:odd",
		...Array.from({ length: 40 }, (_, at) => `y:${at}`),
		"pci:v00001000d0000000Fsv1sd1bc02sc00i00",
	];
	const world2 = { ...world, aliases: { "pci:v00001000d0000000Csv*sd*bc*sc*i*": "quiet" } };
	const near = makeFakeMachine({ world: world2, devices: { odd: ["x:odd", many.at(-1)!], full: many }, files: {} });
	await explain.start(["odd", "full"], near);
	const [told, full] = near.printed().match(/^\S.*$/gm) ?? [];
	t.regex(told ?? "", /pattern for x:odd and 1 more; nearest: quiet, pci:v00001000d0000000Csv\*.*, differs in device$/);
	t.notRegex(full ?? "", /nearest/, "only the first aliases are compared");
});

test("a long alias is short in the first line, and whole in JSON and with -v", async (t) => {
	const alias = `x:card${"0123456789".repeat(60)}`;
	const present = { card: alias };
	const { first, lines } = await ask(["card"], { present });
	t.regex(first, /^card: would be loaded: asked for by x:card0\d+\.\.\.\d+ of card$/);
	t.true(first.length < 120, first);
	t.true(lines.some((line) => /^ {4}alias: x:card\d+\.\.\.\d+$/.test(line)));
	const whole = await ask(["-v", "card"], { present });
	t.is(whole.first, first);
	t.true(whole.lines.includes(`    alias: ${alias}`));
	const json = await ask(["--json", "card"], { present });
	t.is(JSON.parse(json.first).judgement.demand.alias, alias);
	const { first: word, status } = await ask([`${"w".repeat(100_000)}`]);
	t.is(status, 1);
	t.true(word.length < 200);
});

test("where no /proc/modules tells what is live, that is said, and no module is said not to be", async (t) => {
	const { complained, lines } = await ask(["quiet"], { withoutProcModules: true });
	t.regex(complained, /^hotplugd explain: which modules are live is not known: there is no \/proc\/modules/);
	t.true(lines.includes("  module: quiet, kernel/quiet.ko"), lines.join("\n"));
	const { first } = await ask(["listed"], { withoutProcModules: true });
	t.regex(first, /^listed: would not be loaded: blacklisted by /);
	const idle = await ask(["lone"], { withoutProcModules: true });
	t.is(idle.first, "lone: would not be loaded: no device of this machine asks for it, and no module that would be");
});
