// A comparison for people.
import test from "ava";
import { compareSides } from "../../../src/agent/comparing/comparison.js";
import { recordDevice, recordModule, summariseComparison } from "../../../src/agent/comparing/comparison-records.js";
import { formatComparison, type ToldComparison } from "../../../src/agent/comparing/comparison-text.js";
import { markingTerminal, plainTerminal } from "../../support/fakes/plain-terminal.js";
import { makeSides, type SideOfWorld } from "../../support/worlds/compared-sides.js";

const shared: SideOfWorld = {
	world: {
		modules: { card: ["base"], base: [], other: [], sound: [] },
		aliases: { "x:card": "card", "x:other": "other", "x:sound": "sound" },
	},
	devices: { "d/1": "x:card", "d/2": "x:card", "d/3": "x:other", "d/4": "x:sound" },
};

function tell(a: SideOfWorld, b: SideOfWorld, everything = false): ToldComparison {
	const sides = makeSides(shared, a, b);
	const compared = compareSides(sides);
	const names = { a: "A", b: "B" };
	const finders = { nameOf: () => undefined, nearestTo: () => undefined };
	return {
		devices: compared.changes.map((change) => recordDevice(change, names, finders)),
		modules: compared.modules.map((change) => recordModule(change, names)),
		summary: summariseComparison(compared, sides),
		everything,
	};
}

const lines = (told: ToldComparison, width?: number) => formatComparison(told, plainTerminal(width));
const first = (a: SideOfWorld, b: SideOfWorld) => lines(tell(a, b))[0];

test("devices that are alike are one line, unless each is asked for", (t) => {
	const b = { world: { config: "blacklist card" } };
	const cause = "blacklisted by /etc/modprobe.d/world.conf:1, in B";
	t.deepEqual(lines(tell({}, b)).slice(0, 5), [
		`2 of 4 devices lose a driver in B: d/1: card: ${cause}, and 1 more`,
		"",
		"DEVICE  BEFORE  AFTER  CAUSE",
		`d/1     card    -      ${cause}`,
		"  and 1 alike",
	]);
	t.deepEqual(lines(tell({}, b, true)).slice(2, 5), [
		"DEVICE  BEFORE  AFTER  CAUSE",
		`d/1     card    -      ${cause}`,
		`d/2     card    -      ${cause}`,
	]);
});

test("the first line counts those that gain and change, and says so when nobody loses", (t) => {
	const gone = { world: { config: "blacklist sound" } };
	const swapped = { world: { aliases: { "x:card": "card", "x:other": "base", "x:sound": "sound" } } };
	t.is(first(gone, {}), "no device loses a driver from A to B: 1 gains one");
	t.is(first(gone, swapped), "no device loses a driver from A to B: 1 gains one and 1 changes its driver");
	t.regex(
		first({ world: { config: "blacklist card" } }, gone) ?? "",
		/^1 of 4 devices loses a driver in B: d\/4: sound: .*; 2 gain one$/,
	);
	t.is(first({}, {}), "no device gains, loses or changes a driver from A to B");
});

test("other parameters are shown, parts of the kernel are a line, and so are devices that moved", (t) => {
	const b: SideOfWorld = {
		world: { modules: { card: [], other: [], sound: [] }, builtin: ["base"], config: "options other x=1" },
		devices: { "d/1": "x:card", "d/9": "x:card", "d/3": "x:other", "d/4": "x:sound" },
	};
	t.deepEqual(lines(tell({}, b)), [
		"no device gains, loses or changes a driver from A to B",
		"",
		"MODULE  BEFORE  AFTER   CAUSE",
		"other   loaded  loaded  no parameters becomes x=1, by /etc/modprobe.d/world.conf:1, in B",
		"",
		"1 device has moved and kept the same modules (-v lists them)",
		"1 module is loaded otherwise, which is no loss",
		"loaded in A, and built into the kernel of B: base",
		"A: 6.0.0, 4 devices, 4 modules",
		"B: 6.0.0, 4 devices, 3 modules",
	]);
	t.deepEqual(lines(tell({}, b, true)).slice(2, 4), [
		"DEVICE  BEFORE  AFTER  CAUSE",
		"d/2     card    card   moved to /devices/d/9",
	]);
});

test("devices of one side alone are counted, and what a capture does not hold is said", (t) => {
	const told = tell({}, { devices: { "d/1": "x:card" } });
	const { summary } = told;
	const lacking = {
		...told,
		summary: { ...summary, b: { ...summary.b, lacks: ["/etc/modprobe.d", "/proc/cmdline"] } },
	};
	t.deepEqual(lines(lacking).slice(-3), [
		"A: 6.0.0, 4 devices, 3 of them here alone, 4 modules",
		"B: 6.0.0, 1 device, 2 modules",
		"B does not hold /etc/modprobe.d and /proc/cmdline: what would be kept out there is not known",
	]);
});

test("no line is wider than the terminal", (t) => {
	for (const width of [40, 60, 80, 120])
		for (const told of [
			tell({}, { world: { config: "blacklist card\noptions other x=1" } }),
			tell({}, { devices: {} }),
		])
			for (const line of lines(told, width)) t.true(line.length <= width, line);
});

test("a loss is red, a gain green and a change yellow", (t) => {
	const painted = (a: SideOfWorld, b: SideOfWorld) => formatComparison(tell(a, b), markingTerminal()).join("\n");
	const lost = { world: { config: "blacklist sound" } };
	t.true(painted({}, lost).includes("<red>sound</red>"));
	t.true(painted(lost, {}).includes("<green>sound</green>"));
	const swapped = { world: { aliases: { "x:card": "card", "x:other": "base", "x:sound": "sound" } } };
	t.true(painted({}, swapped).includes("<yellow>other</yellow>"));
});
