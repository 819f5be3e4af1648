import test from "ava";
import { withMasks } from "../../../src/agent/decisions/decider.js";
import { parsePolicy } from "../../../src/agent/policy/policy-file.js";
import { listRows, type RowSources, shortenPattern } from "../../../src/agent/telling/device-rows.js";
import { planDryRun } from "../../../src/agent/telling/dry-run.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { DeviceState } from "../../../src/ports/inspection.js";
import { makeWorld, type World } from "../../support/worlds/world.js";

const world: World = {
	modules: {
		card: ["base"],
		base: [],
		first: [],
		second: [],
		soft: [],
		banned: [],
		masked: [],
		needy: ["masked"],
		run: [],
	},
	aliases: {
		"x:card*": "card",
		"x:two": ["first", "second"],
		"x:second": "second",
		"x:built": "built",
		"x:gone": "gone",
		"x:banned": "banned",
		"x:masked": "masked",
		"x:needy": "needy",
		"x:run": "run",
	},
	builtin: ["built"],
	config: "softdep card pre: soft\nblacklist banned\ninstall masked /bin/false\ninstall run do it",
};

const conf = "/etc/modprobe.d/world.conf";

function rowsOf(
	devices: Readonly<Record<string, string>>,
	more: Partial<RowSources> = {},
	live: readonly string[] = [],
	rules = "",
) {
	const { policy } = parsePolicy("/rules.toml", rules).value;
	const present = Object.entries(devices).map(([name, alias]) => ({ devpath: `/devices/${name}`, aliases: [alias] }));
	const batches = [...planDryRun(withMasks(makeWorld(world), policy), present, new Set(live), policy)];
	return listRows({ batches, stateOf: () => undefined, ...more });
}

const told = test.macro<[alias: string, expected: readonly string[], live?: readonly string[], rules?: string]>({
	exec(t, alias, expected, live = [], rules = "") {
		const [row] = rowsOf({ a: alias }, {}, live, rules);
		const modules = row!.modules.map(({ module, state, cause }) => `${module}: ${state}: ${cause}`);
		t.deepEqual(modules.length > 0 ? modules : [`${row!.state}: ${row!.problem ?? ""}`], expected);
	},
	title: (title = "") => `a module is ${title}`,
});

test("wanted for the pattern that matched", told, "x:card1", ["card: wanted: x:card*"]);
test("wanted after its rival", told, "x:two", ["first: wanted: x:two", "second: wanted: after first, its rival"]);
test("a module waits for no rival of a device that does not ask for both", (t) => {
	const rows = rowsOf({ both: "x:two", one: "x:second" });
	const causes = rows.map(({ modules }) => modules.map(({ module, cause }) => `${module}: ${cause}`));
	t.deepEqual(causes, [["first: x:two", "second: after first, its rival"], ["second: x:second"]]);
});
test("wanted by its install line", told, "x:run", [`run: wanted: by its install line ${conf}:4; x:run`]);
test("loaded", told, "x:card1", ["card: loaded: x:card*"], ["card", "base", "soft"]);
test("built in", told, "x:built", ["built: built in: x:built"]);
test("kept out by a blacklist", told, "x:banned", [`banned: kept out: blacklisted by ${conf}:2`]);
test("kept out by a mask", told, "x:masked", [`masked: kept out: masked by ${conf}:3`]);
test("kept out by the mask of what it needs", told, "x:needy", [
	`needy: kept out: needs masked, which is masked by ${conf}:3`,
]);
test(
	"kept out by policy",
	told,
	"x:card1",
	["card: kept out: denied by /rules.toml:1"],
	[],
	'[[deny]]\nmodule = "card"',
);
test("missing", told, "x:gone", ["gone: missing: modules.dep has no file for gone; run depmod"]);
test("none for an alias without a module", told, "x:none", ["no module: "]);
test(
	"none for a device that a rule leaves alone",
	told,
	"x:card1",
	["kept out: left alone by /rules.toml:1"],
	[],
	'[[ignore]]\ndevpath = "*"',
);

const states: readonly (readonly [says: string, state: Partial<DeviceState> | undefined, expected: string])[] = [
	["on a bus and unbound", { onBus: true }, "no driver"],
	["on a bus and bound", { onBus: true, driver: "built-in" }, "no module"],
	["bound at its physical node", { onBus: true, physicalDriver: "built-in" }, "no module"],
	["of a class", { onBus: false }, "no module"],
	["that /sys does not show", undefined, "no module"],
];
for (const [says, state, expected] of states)
	test(`a device ${says}, whose alias has no module, has the state "${expected}"`, (t) => {
		const [row] = rowsOf({ a: "x:none" }, { stateOf: () => state });
		t.is(row!.state as string, expected);
	});

test("a row has the device's driver, subsystem and name, and what its modules bring", (t) => {
	const stateOf = () => ({ driver: "cards", subsystem: "pci" });
	const [row] = rowsOf({ a: "x:card1" }, { stateOf, nameOf: (aliases) => `name of ${aliases}` });
	t.like(row, { driver: "cards", subsystem: "pci", name: "name of x:card1", aliases: ["x:card1"] });
	t.deepEqual(row!.modules[0]!.brings, ["base", "soft"]);
});

test("outcomes take the place of plans, and a module without one has not ended", (t) => {
	const present = [{ devpath: "/devices/a", aliases: ["x:two", "x:card1", "x:run"] }];
	const batches = [...planDryRun(makeWorld(world), present, new Set())];
	const stepOf = (name: string) => batches[0]!.plan.find(({ module }) => module === name)!;
	const reason = new Refusal({ operation: "insert", subject: "second", code: "EIO", errno: 5 });
	const outcomes = new Map([
		["first", { step: stepOf("first"), result: "no device", milliseconds: 1 } as const],
		["second", { step: stepOf("second"), result: "failed", milliseconds: 1, reason } as const],
		["card", { step: stepOf("card"), result: "inserted", milliseconds: 1 } as const],
	]);
	const [row] = listRows({ batches, stateOf: () => undefined, outcomes });
	t.is(row!.state, "failed");
	t.deepEqual(
		row!.modules.map(({ module, state }) => `${module}: ${state}`),
		["first: no hardware", "second: failed", "card: loaded", "run: not ended"],
	);
	t.regex(row!.modules[0]!.cause, /found no hardware/);
	t.regex(row!.modules[1]!.cause, /failed with EIO/);
	t.is(row!.modules[2]!.cause, "x:card*");
});

const shortened: readonly (readonly [pattern: string, short: string])[] = [
	["pci:v00008086d0000100Esv*sd*bc*sc*i*", "pci:v00008086d0000100E*"],
	["pci:v*d*sv*sd*bc0Csc03i30*", "pci:*bc0Csc03i30*"],
	["usb:v*p*d*dc*dsc*dp*ic03isc*ip*in*", "usb:*ic03*"],
	["cpu:type:x86,ven*fam*mod*:feature:*0099*", "cpu:type:x86,*:feature:*0099*"],
	["virtio:d00000001v*", "virtio:d00000001v*"],
	["platform:pcspkr", "platform:pcspkr"],
];
for (const [pattern, short] of shortened)
	test(`the pattern ${pattern} is shortened to what it says`, (t) => t.is(shortenPattern(pattern), short));
