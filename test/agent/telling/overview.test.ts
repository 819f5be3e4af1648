import test from "ava";
import { listRows } from "../../../src/agent/telling/device-rows.js";
import { planDryRun } from "../../../src/agent/telling/dry-run.js";
import { formatOverview, listTexts } from "../../../src/agent/telling/overview.js";
import type { DeviceState } from "../../../src/ports/inspection.js";
import { markingTerminal, plainTerminal } from "../../support/fakes/plain-terminal.js";
import { makeWorld, type World } from "../../support/worlds/world.js";

const world: World = {
	modules: { card: ["base"], base: [], first: [], second: [], joydev: [], evdev: [], banned: [], masked: [] },
	aliases: {
		"x:card*": "card",
		"x:two": ["first", "second"],
		"input:b*": ["joydev", "evdev"],
		"x:gone": "gone",
		"x:banned": "banned",
		"x:masked": "masked",
	},
	config: "blacklist banned\ninstall masked /bin/false",
};

function overviewOf(
	devices: Readonly<Record<string, string>>,
	states: Readonly<Record<string, Partial<DeviceState>>> = {},
	live: readonly string[] = [],
) {
	const present = Object.entries(devices).map(([name, alias]) => ({ devpath: `/devices/${name}`, aliases: [alias] }));
	const batches = [...planDryRun(makeWorld(world), present, new Set(live))];
	const rows = listRows({
		batches,
		stateOf: (devpath) => states[devpath.replace("/devices/", "")],
		nameOf: ([alias]) => (alias === "x:lost" ? "Card of Nobody" : undefined),
	});
	return { batches, rows, modules: 4, done: "to load", everything: false };
}

test("devices whose modules are all kept out are none for which modules are loaded", (t) => {
	const overview = overviewOf({ ban: "x:banned", mask: "x:masked" });
	t.is(
		formatOverview(overview, plainTerminal(80))[0],
		"4 modules to load in 1 batch for none of 2 devices; 2 kept out",
	);
});

test("rivals for an alias that binds no device are not said to bind it", (t) => {
	const lines = formatOverview(overviewOf({ pad: "input:b0003" }), plainTerminal(80));
	t.true(lines.includes("  evdev  goes after joydev, which matches the same alias"));
});

test("numbers come first, then each kind of exception, then the table, then what asks for nothing", (t) => {
	const overview = overviewOf(
		{
			card: "x:card1",
			two: "x:two",
			gone: "x:gone",
			ban: "x:banned",
			ban2: "x:banned",
			mask: "x:masked",
			lost: "x:lost",
			dull: "x:dull",
		},
		{ lost: { onBus: true }, card: { driver: "cards" } },
	);
	t.deepEqual(formatOverview(overview, plainTerminal(80)), [
		"4 modules to load in 1 batch for 2 of 8 devices; 1 without a driver, 1 missing,",
		"2 kept out, 1 with rivals",
		"",
		"without a driver:",
		"  lost (Card of Nobody)  x:lost",
		"",
		"missing:",
		"  gone  modules.dep has no file for gone; run depmod (asked for by gone)",
		"",
		"kept out:",
		"  banned  blacklisted by /etc/modprobe.d/world.conf:1 (asked for by ban and 1",
		"          more)",
		"  masked  masked by /etc/modprobe.d/world.conf:2 (asked for by mask)",
		"",
		"with rivals:",
		"  second  goes after first: the first that fits binds the device",
		"",
		"DEVICE  DRIVER NOW  MODULES  CAUSE",
		"card    cards       card +1  x:card*",
		"two     -           first    x:two",
		"                    second   after first, its rival",
		"gone    -           gone     missing: modules.dep has no file for gone; run",
		"                             depmod",
		"ban     -           banned   kept out: blacklisted by world.conf:1",
		"  and 1 alike",
		"mask    -           masked   kept out: masked by world.conf:2",
		"lost    -           -        no driver: x:lost",
		"  Card of Nobody",
		"",
		"1 other device asks for no module that there is (-v lists it)",
	]);
});

test("with everything, devices that ask for nothing are in the table, and none are put together", (t) => {
	const lines = formatOverview({ ...overviewOf({ a: "x:none", b: "x:none" }), everything: true }, plainTerminal(80));
	t.deepEqual(lines.slice(2), [
		"DEVICE  DRIVER NOW  MODULES  CAUSE",
		"a       -           -        no module: x:none",
		"b       -           -        no module: x:none",
	]);
});

test("devices that are not bound, and those whose firmware is missing, are exceptions with their causes", (t) => {
	const overview = overviewOf({ idle: "x:card1", soft: "x:card2", mute: "x:card3" }, {}, ["card", "base"]);
	const unbound = (cause?: string) => ({ modules: ["card"], cause });
	const rows = overview.rows.map((row, index) =>
		index === 1
			? { ...row, state: "firmware missing" as const, unbound: unbound("the firmware x.bin is missing") }
			: { ...row, state: "not bound" as const, unbound: unbound(index === 0 ? "it waits" : undefined) },
	);
	const lines = formatOverview(
		{ ...overview, rows, modules: 0, unread: "what might tell why cannot be read here: the log" },
		plainTerminal(80),
	);
	t.deepEqual(lines, [
		"nothing to load for 3 devices; 2 not bound, 1 with missing firmware, 1 loaded",
		"already",
		"",
		"loaded, not bound:",
		"  idle  card: it waits",
		"  mute  card: no reason is known",
		"  (what might tell why cannot be read here: the log)",
		"",
		"firmware missing:",
		"  soft  card: the firmware x.bin is missing",
		"",
		"DEVICE  DRIVER NOW  MODULES  CAUSE",
		"idle    -           card     loaded, not bound: x:card*",
		"soft    -           card     loaded, firmware missing: x:card*",
		"mute    -           card     loaded, not bound: x:card*",
	]);
});

test("modules that are loaded already are counted", (t) => {
	const [first] = formatOverview(
		{ ...overviewOf({ a: "x:card1" }, {}, ["card", "base"]), modules: 0 },
		plainTerminal(),
	);
	t.is(first, "nothing to load for 1 device; 1 loaded already");
});

test("what is said of a device with a long name begins a line of its own, and the others stand in a narrow column", (t) => {
	const overview = overviewOf({ lost: "x:lost", a: "x:a" }, { lost: { onBus: true }, a: { onBus: true } });
	const rows = overview.rows.map((row) => (row.name === undefined ? row : { ...row, name: "Card of Nobody at all" }));
	const lines = formatOverview({ ...overview, rows }, plainTerminal(80));
	t.deepEqual(lines.slice(2, 6), ["without a driver:", "  lost (Card of Nobody at all)", "      x:lost", "  a  x:a"]);
});

test("without devices there is one line", (t) => {
	t.deepEqual(formatOverview({ ...overviewOf({}), modules: 0 }, plainTerminal()), ["nothing to load for 0 devices"]);
});

test("headings have the colour of their state", (t) => {
	const lines = formatOverview(
		overviewOf({ lost: "x:lost", ban: "x:banned" }, { lost: { onBus: true } }),
		markingTerminal(),
	);
	t.true(lines.includes("<red>without a driver:</red>"));
	t.true(lines.includes("<yellow>kept out:</yellow>"));
});

test("all text from outside is told for its measure", (t) => {
	const texts = [...listTexts(overviewOf({ lost: "x:lost", a: "x:card1" }, { a: { driver: "cards" } }))];
	for (const text of ["/devices/lost", "Card of Nobody", "x:lost", "card", "cards", "x:card*"])
		t.true(texts.includes(text), text);
});
