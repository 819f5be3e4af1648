import test from "ava";
import {
	concernsSubsystem,
	concernsUnaliased,
	findIgnore,
	findMask,
	findObjection,
	isAbout,
	listLoads,
	listRuns,
	noPolicy,
	type Policy,
} from "../../../src/agent/policy/policy.js";
import { parsePolicy } from "../../../src/agent/policy/policy-file.js";
import { bytesOf } from "../../../src/libkmod/text/byte-strings.js";
import type { PresentDevice } from "../../../src/ports/devices.js";

/** Parses rules as an administrator writes them, in a file "p". */
function rules(text: string): Policy {
	const { value, problems } = parsePolicy("p", text);
	if (problems.length > 0) throw new Error(JSON.stringify(problems));
	return value.policy;
}

/** @param properties the variables of the device's uevent */
function device(devpath: string, properties: Readonly<Record<string, string>> = {}, action?: string): PresentDevice {
	return {
		devpath,
		aliases: [],
		properties: new Map(Object.entries(properties)),
		...(action !== undefined && { action }),
	};
}

const card = device("/devices/pci0000:00/0000:00:02.0", { SUBSYSTEM: "pci", DRIVER: "e1000e" });
const stick = device("/devices/pci0000:00/usb1/1-1/1-1:1.0", { SUBSYSTEM: "usb", DEVTYPE: "usb_interface" });

const objections = test.macro({
	exec(t, text: string, asked: readonly [PresentDevice, alias: string, module: string, verdict: string][]) {
		const policy = rules(text);
		for (const [of, alias, module, verdict] of asked) {
			const objection = findObjection(policy, of, alias, module);
			t.is(objection ? `${objection.verdict}, line ${objection.source.line}` : "", verdict, `${alias} ${module}`);
		}
	},
	title: (title) => `${title}`,
});

test("without rules nothing is objected to", objections, "", [[card, "pci:v1", "e1000e", ""]]);
test("a module is denied whatever asks for it, in either spelling", objections, '\n[[deny]]\nmodule = "snd-hda*"', [
	[card, "pci:v1", "snd_hda_intel", "denied, line 2"],
	[stick, "snd-hda-intel", "snd_hda_intel", "denied, line 2"],
	[card, "pci:v1", "snd", ""],
]);
test(
	"an alias is denied by pattern, and other aliases of the module are not",
	objections,
	'[[deny]]\nalias = "pci:v0001-*"',
	[
		[card, "pci:v0001-d2", "e1000e", "denied, line 1"],
		[card, "pci:v0001_d2", "igb", "denied, line 1"],
		[card, "pci:v0002-d2", "e1000e", ""],
	],
);
test(
	"all conditions of a rule have to be met, and one pattern of each",
	objections,
	'[[deny]]\nsubsystem = ["usb", "pci"]\nmodule = ["igb", "e1000*"]\ndevpath = "/devices/pci*"\nproperty = { DRIVER = "e*" }',
	[
		[card, "pci:v1", "e1000e", "denied, line 1"],
		[card, "pci:v1", "ixgbe", ""],
		[stick, "usb:v1", "e1000e", ""],
		[device(card.devpath, { SUBSYSTEM: "net", DRIVER: "e1000e" }), "pci:v1", "e1000e", ""],
		[device("/devices/virtual/x", { SUBSYSTEM: "pci", DRIVER: "e1000e" }), "pci:v1", "e1000e", ""],
		[{ devpath: card.devpath, aliases: [] }, "pci:v1", "e1000e", ""],
	],
);
test(
	"of several rules the first that fits is named",
	objections,
	'[[deny]]\nmodule="b"\n[[deny]]\nmodule="a*"\n[[deny]]\nmodule="ab"',
	[[card, "x", "ab", "denied, line 3"]],
);
test(
	"with an allow list only what it names is loaded",
	objections,
	'[[allow]]\nmodule = "e1000e"\n[[allow]]\nalias = "usb:*"',
	[
		[card, "pci:v1", "e1000e", ""],
		[card, "pci:v1", "igb", "not allowed, line 1"],
		[stick, "usb:v1", "usb_storage", ""],
	],
);
test(
	"an allow list of a class of devices concerns no other devices",
	objections,
	'[[allow]]\nsubsystem = "usb"\nmodule = "usbhid"\n[[allow]]\nsubsystem = "usb"\nproperty = { DEVTYPE = "usb_interface" }\nmodule = "usb_storage"',
	[
		[stick, "usb:v1", "usbhid", ""],
		[stick, "usb:v1", "usb_storage", ""],
		[stick, "usb:v1", "uas", "not allowed, line 1"],
		[device("/devices/usb1", { SUBSYSTEM: "usb" }), "usb:v1", "usb_storage", "not allowed, line 1"],
		[card, "pci:v1", "igb", ""],
	],
);
test("what is allowed and denied is denied", objections, '[[allow]]\nmodule = "*"\n[[deny]]\nmodule = "igb"', [
	[card, "pci:v1", "igb", "denied, line 3"],
]);
test(
	"what no device asks for meets rules that name no devices alone",
	objections,
	'[[allow]]\nmodule="ext4"\n[[deny]]\nsubsystem="*"\nmodule="*"',
	[
		[{ devpath: "", aliases: [] }, "fs-ext4", "ext4", ""],
		[{ devpath: "", aliases: [] }, "fs-xfs", "xfs", "not allowed, line 1"],
	],
);
test(
	"bytes that are no ASCII are compared as the kernel tells them",
	objections,
	bytesOf('[[deny]]\nproperty = { NAME = "Grö??e*" }'),
	[[device("/devices/x", { NAME: bytesOf("Größe 3") }), "x", "m", "denied, line 1"]],
);

test("a device is left alone by rule, whatever happens to it or only on some actions", (t) => {
	const policy = rules(
		'[[ignore]]\ndevpath = "/devices/virtual/*"\n\n[[ignore]]\nsubsystem = "usb"\naction = ["change", "bind"]',
	);
	t.deepEqual(findIgnore(policy, device("/devices/virtual/a/b", {}, "remove")), { file: "p", line: 1 });
	t.deepEqual(findIgnore(policy, { ...stick, action: "bind" }), { file: "p", line: 4 });
	t.is(findIgnore(policy, stick), undefined);
	t.is(findIgnore(policy, card), undefined);
});

test("a mask is found by the module's name", (t) => {
	const policy = rules('[[mask]]\nmodule = ["floppy", "firewire-*"]');
	t.deepEqual(findMask(policy, "firewire_ohci"), { file: "p", line: 1 });
	t.is(findMask(policy, "firewire"), undefined);
	t.is(findMask(noPolicy, "floppy"), undefined);
});

test("loads are those of every rule that fits, when a device comes up unless the rule says otherwise", (t) => {
	const policy = rules(
		'[[load]]\nsubsystem = "usb"\nload = ["a-b", "c"]\n[[load]]\ndevpath = "*"\nload = "d"\naction = ["add", "change"]\n[[load]]\nsubsystem = "usb"\nown_aliases = true\naction = "bind"',
	);
	const of = (action?: string) => listLoads(policy, { ...stick, aliases: ["usb:v1"], ...(action && { action }) });
	t.deepEqual(
		of().map(({ alias, rule }) => `${alias} ${rule.line}`),
		["a_b 1", "c 1", "d 4"],
	);
	t.deepEqual(
		of("change").map(({ alias }) => alias),
		["d"],
	);
	t.deepEqual(
		of("bind").map(({ alias, rule }) => `${alias} ${rule.line}`),
		["usb:v1 8"],
	);
	t.deepEqual(of("remove"), []);
});

test("commands are those of every rule that fits, and none for a device that is left alone", (t) => {
	const policy = rules(
		'[[run]]\naction = ["add", "remove"]\nsubsystem = "usb"\ncommand = ["/bin/a", "x y"]\ntimeout_seconds = 1.5\n[[run]]\naction = "add"\ncommand = ["/bin/b"]\n[[ignore]]\ndevpath = "*/ignored"',
	);
	const commands = (of: PresentDevice) => listRuns(policy, of).map(({ command }) => command.join(" "));
	t.deepEqual(commands(stick), ["/bin/a x y", "/bin/b"]);
	t.deepEqual(commands({ ...stick, action: "remove" }), ["/bin/a x y"]);
	t.deepEqual(commands({ ...stick, action: "bind" }), []);
	t.deepEqual(commands({ ...stick, devpath: "/devices/ignored" }), []);
	t.deepEqual(
		policy.run.map(({ timeoutMilliseconds }) => timeoutMilliseconds),
		[1500, 30_000],
	);
});

test("devices without an alias matter to rules that load or run when they come up, and to no others", (t) => {
	t.false(concernsUnaliased(noPolicy));
	t.false(concernsUnaliased(rules('[[ignore]]\ndevpath = "*"\n[[deny]]\nmodule = "x"')));
	t.false(concernsUnaliased(rules('[[run]]\naction = "remove"\ncommand = ["/bin/a"]')));
	t.true(concernsUnaliased(rules('[[run]]\naction = "add"\ncommand = ["/bin/a"]')));
	const policy = rules('[[load]]\nsubsystem = "mem*"\nload = "x"');
	t.true(concernsUnaliased(policy));
	t.true(concernsSubsystem(policy, "memory"));
	t.false(concernsSubsystem(policy, "tty"));
	t.true(concernsSubsystem(rules('[[load]]\ndevpath = "*"\nload = "x"'), "tty"));
});

test("a rule is not about a device of which what it asks for is not told", (t) => {
	const about = (conditions: string, told: Readonly<Record<string, string>>) =>
		rules(`[[run]]\naction = "add"\ncommand = ["/bin/x"]\n${conditions}`).run.map((rule) => isAbout(rule, told));
	const told = { ACTION: "add", DEVPATH: "/devices/x", SUBSYSTEM: "usb" };
	const { ACTION, DEVPATH, SUBSYSTEM } = told;
	for (const conditions of ["", 'devpath = "/devices/x"', 'subsystem = "usb"']) {
		t.deepEqual(about(conditions, told), [true], conditions);
		t.deepEqual(about(conditions, { ACTION, SUBSYSTEM }), [false], conditions);
		t.deepEqual(about(conditions, { DEVPATH, SUBSYSTEM }), [false], conditions);
		t.deepEqual(about(conditions, { ACTION, DEVPATH }), [!conditions.startsWith("subsystem")], conditions);
	}
	t.deepEqual(about('subsystem = "*"', { ...told, SUBSYSTEM: "" }), [true]);
	t.deepEqual(about('subsystem = "net"', told), [false]);
	t.deepEqual(about('devpath = "/devices/y"', told), [false]);
});
