import test from "ava";
import type { DeviceRow, ModuleRow, RowState } from "../../../src/agent/telling/device-rows.js";
import { formatTable, shortDevices, shortenPlaces } from "../../../src/agent/telling/device-table.js";
import { markingTerminal, plainTerminal } from "../../support/fakes/plain-terminal.js";

const module = (name: string, state: RowState = "wanted", cause = `x:${name}*`, brings: string[] = []): ModuleRow => ({
	module: name,
	state,
	cause,
	brings,
});

const row = (name: string, modules: readonly ModuleRow[], more: Partial<DeviceRow> = {}): DeviceRow => ({
	devpath: `/devices/${name}`,
	subsystem: "x",
	driver: undefined,
	state: modules[0]?.state ?? "no module",
	aliases: [`x:${name}`],
	modules,
	...more,
});

const format = (rows: readonly DeviceRow[], width = 80, everything = false) =>
	formatTable(rows, plainTerminal(width), everything);

test("a device has its driver, and a line for each module with what comes with it and its cause", (t) => {
	t.deepEqual(
		format([
			row("pci/card", [module("card", "wanted", "x:card*", ["base"]), module("other")], { driver: "cards" }),
			row("lone", [module("lone", "kept out", "blacklisted by /etc/modprobe.d/x.conf:3")]),
		]),
		[
			"DEVICE  DRIVER NOW  MODULES  CAUSE",
			"card    cards       card +1  x:card*",
			"                    other    x:other*",
			"lone    -           lone     kept out: blacklisted by x.conf:3",
		],
	);
});

test("devices that are alike are one row with their number, unless all are asked for", (t) => {
	const rows = ["a1", "a2", "a3"].map((name) => row(name, [module("card")]));
	t.deepEqual(format(rows).slice(1), ["a1      -           card     x:card*", "  and 2 alike"]);
	t.is(format(rows, 80, true).length, 4);
});

test("devices without a module are alike only where their aliases are", (t) => {
	const [a, b, c] = ["a", "b", "c"].map((name) => row(name, []));
	t.deepEqual(format([a!, b!, { ...c!, aliases: ["x:a"] }]).slice(1), [
		"a       -           -        no module: x:a",
		"  and 1 alike",
		"b       -           -        no module: x:b",
	]);
});

test("a device's name in words stands below it", (t) => {
	t.deepEqual(format([row("a", [module("card")], { name: "Gigabit Network Card of some length" })]).slice(1), [
		"a       -           card     x:card*",
		"  Gigabit Network Card of some length",
	]);
});

test("a device without a module tells why, or its aliases", (t) => {
	t.deepEqual(
		format([row("a", []), row("b", [], { state: "failed", problem: "could not be looked up: no" })]).slice(1),
		["a       -           -        no module: x:a", "b       -           -        failed: could not be looked up: no"],
	);
});

test("a module whose driver has not bound the device says so beside its own state", (t) => {
	const rows = [
		row("a", [module("banned", "kept out", "blacklisted"), module("card", "loaded"), module("in", "built in")], {
			state: "not bound",
			unbound: { modules: ["card", "in"] },
		}),
		row("b", [module("card", "loaded")], { state: "firmware missing", unbound: { modules: ["card"], cause: "no" } }),
	];
	t.deepEqual(format(rows).slice(1), [
		"a       -           banned   kept out: blacklisted",
		"                    card     loaded, not bound: x:card*",
		"                    in       built in, not bound: x:in*",
		"b       -           card     loaded, firmware missing: x:card*",
	]);
});

test("names that are wider than their column stay whole, and the row goes on below them", (t) => {
	const long = "a_module_with_a_rather_long_name";
	t.deepEqual(format([row("a", [module("card")]), row("0003:0627:0001.0001", [module(long)])]).slice(1), [
		"a       -           card     x:card*",
		"0003:0627:0001.0001",
		`        -           ${long}`,
		`                             x:${long}*`,
	]);
});

test("no line is wider than the terminal, however wide that is", (t) => {
	const rows = [
		row("x".repeat(300), [module("m".repeat(100), "failed", `${"word ".repeat(40)}${"w".repeat(200)}`)], {
			name: "n".repeat(200),
			driver: "d".repeat(90),
		}),
		row("card", [module("card", "wanted", `pci:${"0".repeat(100)}`)]),
	];
	for (const width of [40, 79, 80, 119, 120, 200])
		for (const line of format(rows, width)) t.true(line.length <= width, `${width}: ${line}`);
});

test("states have colours, and what is as it should be has its module's alone", (t) => {
	const lines = formatTable(
		[row("a", [module("card")], { driver: "d" }), row("b", [module("lone", "missing", "no file")], { driver: "d" })],
		markingTerminal(80),
		false,
	);
	t.regex(lines[1]!, /<green>card<\/green> +x:card\*$/);
	t.regex(lines[2]!, /<red>lone<\/red> +<red>missing: no file<\/red>$/);
});

test("devices are named by the end of their paths, as long as it takes to tell them apart", (t) => {
	const short = shortDevices(["/devices/a/one", "/devices/b/one", "/devices/b/two", "/devices/virtual/dmi/id"]);
	t.deepEqual(["/devices/a/one", "/devices/b/one", "/devices/b/two", "/devices/virtual/dmi/id", ""].map(short), [
		"a/one",
		"b/one",
		"two",
		"dmi/id",
		"on request",
	]);
});

test("names from outside are escaped", (t) => {
	const evil = "evil\x1b[31m";
	const text = format([row(evil, [module(evil, "wanted", evil)], { name: evil, driver: evil })]).join("\n");
	t.false(text.includes("\x1b"));
	t.is(text.split("evil\\x1b[31m").length, 6);
});

test("places lose their folders, and nothing else does", (t) => {
	t.is(shortenPlaces("masked by /etc/modprobe.d/a.conf:3; x:/a/b"), "masked by a.conf:3; x:/a/b");
	t.is(shortenPlaces("masked by captured/etc/a.conf:3"), "masked by a.conf:3");
	t.is(shortenPlaces("x:card* (/etc/a.conf:3)"), "x:card* (a.conf:3)");
});
