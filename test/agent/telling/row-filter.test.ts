import test from "ava";
import type { DeviceRow } from "../../../src/agent/telling/device-rows.js";
import { listRows } from "../../../src/agent/telling/device-rows.js";
import { planDryRun } from "../../../src/agent/telling/dry-run.js";
import {
	findState,
	isFiltering,
	narrowBatches,
	narrowRows,
	type RowFilter,
	stateWords,
} from "../../../src/agent/telling/row-filter.js";
import { makeWorld } from "../../support/worlds/world.js";

const nothing: RowFilter = { words: [], modules: [], devices: [], subsystems: [], states: [] };

const batches = [
	...planDryRun(
		makeWorld({
			modules: { card: ["my_base"], my_base: [], lone: [], rival: [], banned: [] },
			aliases: { "pci:card*": "card", "pci:two": ["lone", "rival"], "usb:banned": "banned" },
			config: "blacklist banned",
		}),
		[
			{ devpath: "/devices/pci0000:00/0000:00:1f.2", aliases: ["pci:card1"] },
			{ devpath: "/devices/pci0000:00/0000:00:03.0", aliases: ["pci:two"] },
			{ devpath: "/devices/usb1/1-1", aliases: ["usb:banned"] },
			{ devpath: "/devices/none", aliases: ["x:none"] },
		],
		new Set(),
	),
];
const subsystems: Readonly<Record<string, string>> = { "/devices/usb1/1-1": "usb", "/devices/none": "x" };
const rows = listRows({
	batches,
	stateOf: (devpath) => ({ subsystem: subsystems[devpath], onBus: devpath.endsWith("none") }),
});

const name = ({ devpath, modules }: DeviceRow) =>
	[devpath.replace(/.*\//, ""), ...modules.map((one) => one.module)].join(" ");

const narrowed = test.macro({
	exec(t, filter: Partial<RowFilter>, ...expected: readonly string[]) {
		t.deepEqual(narrowRows(rows, { ...nothing, ...filter }).map(name), expected);
	},
	title: (title, filter) => `${title ?? ""}${JSON.stringify(filter)} is found`.trim(),
});

test(narrowed, {}, "0000:00:1f.2 card", "0000:00:03.0 lone rival", "1-1 banned", "none");
test(narrowed, { words: ["card"] }, "0000:00:1f.2 card");
test("by what comes with it, a dash for an underscore: ", narrowed, { words: ["my-base"] }, "0000:00:1f.2 card");
test("one of two modules: ", narrowed, { modules: ["rival"] }, "0000:00:03.0 rival");
test(narrowed, { words: ["0000:00:03.0"] }, "0000:00:03.0 lone rival");
test(narrowed, { devices: ["00:03.0"] }, "0000:00:03.0 lone rival");
test(narrowed, { devices: ["/sys/devices/usb1/1-1/"] }, "1-1 banned");
test(narrowed, { devices: ["usb1/1-1"] }, "1-1 banned");
test("no part of a name: ", narrowed, { devices: ["3.0"] });
test("no empty name: ", narrowed, { devices: ["/", ""] });
test(narrowed, { subsystems: ["usb"] }, "1-1 banned");
test(
	"without links in /sys, by the alias: ",
	narrowed,
	{ words: ["pci"] },
	"0000:00:1f.2 card",
	"0000:00:03.0 lone rival",
);
test(narrowed, { states: ["kept out"] }, "1-1 banned");
test(narrowed, { states: ["no driver", "kept out"] }, "1-1 banned", "none");
test("all lists together: ", narrowed, { subsystems: ["pci"], modules: ["lone", "banned"] }, "0000:00:03.0 lone");
test("nothing: ", narrowed, { words: ["nobody"] });

test("batches keep what the rows need, in order, and nothing that waits for what is left out", (t) => {
	const of = (filter: Partial<RowFilter>) => {
		const kept = narrowBatches(batches, narrowRows(rows, { ...nothing, ...filter }));
		return {
			plan: kept.flatMap(({ plan }) =>
				plan.map(({ module, after }) => [module, ...after.map((one) => one.module)].join(" ")),
			),
			decisions: kept.flatMap(({ decisions }) => decisions.map(({ alias, matches }) => `${alias} ${matches.length}`)),
		};
	};
	t.deepEqual(of({ words: ["card"] }), { plan: ["my_base", "card my_base"], decisions: ["pci:card1 1"] });
	t.deepEqual(of({ modules: ["rival"] }), { plan: ["rival"], decisions: ["pci:two 1"] });
	t.deepEqual(of({ words: ["none"] }), { plan: [], decisions: ["x:none 0"] });
	t.deepEqual(of({}).plan.length, 4);
});

test("a device that is not bound is found by that state, with its modules, and by the state of these", (t) => {
	const unbound = rows.map((row) => ({ ...row, state: "not bound" as const, unbound: { modules: ["card"] } }));
	const of = (...states: RowFilter["states"]) => narrowRows([...rows, unbound[0]!], { ...nothing, states }).map(name);
	t.deepEqual(of("not bound"), ["0000:00:1f.2 card"]);
	t.deepEqual(of("firmware missing"), []);
	t.is(of("wanted").filter((one) => one === "0000:00:1f.2 card").length, 2);
});

test("a state is known by its words, with a dash or a blank", (t) => {
	t.is(findState("kept-out"), "kept out");
	t.is(findState("kept out"), "kept out");
	t.is(findState("blacklisted"), undefined);
	for (const word of stateWords) t.not(findState(word), undefined);
});

test("a filter without words is none", (t) => {
	t.false(isFiltering(nothing));
	t.true(isFiltering({ ...nothing, states: ["wanted"] }));
});
