import test from "ava";
import { listRows } from "../../../src/agent/telling/device-rows.js";
import { planDryRun } from "../../../src/agent/telling/dry-run.js";
import { formatOverview, listTexts } from "../../../src/agent/telling/overview.js";
import type { DeviceState } from "../../../src/ports/inspection.js";
import { markingTerminal, plainTerminal } from "../../support/fakes/plain-terminal.js";
import { makeWorld, type World } from "../../support/worlds/world.js";

const world: World = {
	modules: { card: ["base"], base: [], first: [], second: [], banned: [], masked: [] },
	aliases: {
		"x:card*": "card",
		"x:two": ["first", "second"],
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
	t.deepEqual(
		formatOverview(overview, plainTerminal(80)),
		[
			"4 modules to load in 1 batch for 6 of 8 devices; 1 without a driver, 1 missing,",
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
			"1 device asks for no module that there is (-v lists it)",
		].map((line) => line),
	);
});

test("with everything, devices that ask for nothing are in the table, and none are put together", (t) => {
	const lines = formatOverview({ ...overviewOf({ a: "x:none", b: "x:none" }), everything: true }, plainTerminal(80));
	t.deepEqual(lines.slice(2), [
		"DEVICE  DRIVER NOW  MODULES  CAUSE",
		"a       -           -        no module: x:none",
		"b       -           -        no module: x:none",
	]);
});

test("modules that are loaded already are counted", (t) => {
	const [first] = formatOverview(overviewOf({ a: "x:card1" }, {}, ["card", "base"]), plainTerminal());
	t.is(first, "4 modules to load in 0 batches for 1 of 1 device; 1 loaded already");
});

test("without devices there is one line", (t) => {
	t.deepEqual(formatOverview(overviewOf({}), plainTerminal()), ["4 modules to load in 0 batches for 0 of 0 devices"]);
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
