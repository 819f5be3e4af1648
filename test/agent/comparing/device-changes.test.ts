// Who gains, loses or changes a driver, and why.
import test from "ava";
import { explainBecause } from "../../../src/agent/comparing/because-text.js";
import { compareWorlds, RULES_FILE, type SideOfWorld } from "../../support/worlds/compared-sides.js";
import { configFile } from "../../support/worlds/world.js";

const shared: SideOfWorld = {
	world: { modules: { card: ["base"], base: [], other: [] }, aliases: { "x:card*": "card" } },
	devices: { d: "x:card1" },
};

const names = { a: "A", b: "B" };

/** A line for each device that changes: its path, the word, the modules before and after, and each cause. */
function tell(all: SideOfWorld, a: SideOfWorld, b: SideOfWorld): readonly string[] {
	return compareWorlds(all, a, b).changes.map(({ change, before, after, lost, gained, ...pair }) => {
		const modules = (some: typeof before) =>
			some.map(({ module, how }) => (how === "module" ? module : `${module} ${how}`));
		const causes = [...lost, ...gained].map((one) => explainBecause(one.because, one.module, names));
		const path = (pair.a ?? pair.b)?.devpath;
		return `${path} ${change}: ${modules(before)} -> ${modules(after)}${causes.map((cause) => `; ${cause}`).join("")}`;
	});
}

const lose = (b: SideOfWorld, a: SideOfWorld = {}) => tell(shared, a, b);

test("a kernel without the module, or without a pattern of it for the alias, loses the driver", (t) => {
	t.deepEqual(lose({ world: { modules: {}, aliases: {} } }), [
		"/devices/d loses: card -> ; B has no card, and no pattern that matches the alias",
	]);
	t.deepEqual(lose({ world: { aliases: { "x:cart": "card" } } }), [
		"/devices/d loses: card -> ; B has card, but none of its patterns matches the alias",
	]);
});

test("another module for the alias is named with its pattern, and a line of modprobe.d with its place", (t) => {
	t.deepEqual(lose({ world: { aliases: { "x:c*": "other" } } }), [
		"/devices/d changes: card -> other; in B the alias leads to other, by x:c*; in A the alias leads to card, by x:card*",
	]);
	t.deepEqual(lose({ world: { config: "\nalias x:card1 other\n" } }), [
		`/devices/d changes: card -> other; in B the alias leads to other, by x:card1 (${configFile}:2); in A the alias leads to card, by x:card*`,
	]);
});

test("an alias line that one side has is named where the other has nothing", (t) => {
	t.deepEqual(lose({}, { world: { aliases: {}, config: "alias x:card* other\n" } }).length, 1);
	t.deepEqual(lose({ world: { aliases: {} } }, { world: { aliases: {}, config: "alias x:card* other\n" } }), [
		`/devices/d loses: other -> ; B lacks the alias line of A, ${configFile}:1`,
	]);
});

test("a rival less is a change, and the one that stays is no cause", (t) => {
	const both = { world: { aliases: { "x:card*": ["card", "other"] } } };
	t.deepEqual(lose({}, both), [
		"/devices/d changes: card,other -> card; B has other, but none of its patterns matches the alias",
	]);
});

test("what keeps a module out is named with its place", (t) => {
	const cases: readonly (readonly [SideOfWorld, string])[] = [
		[{ world: { config: "\nblacklist card" } }, `blacklisted by ${configFile}:2, in B`],
		[
			{ world: { commandLine: "modprobe.blacklist=card" } },
			"blacklisted by the kernel command line (modprobe.blacklist=card in /proc/cmdline), in B",
		],
		[{ kernelBlacklist: ["card"] }, "the kernel itself refuses it (module_blacklist=card in /proc/cmdline), in B"],
		[{ world: { config: "install card /bin/false" } }, `its install line runs '/bin/false': ${configFile}:1, in B`],
		[{ rules: '[[mask]]\nmodule = "card"' }, `masked by ${RULES_FILE}:1 (a [[mask]] rule), in B`],
		[{ rules: '\n[[deny]]\nmodule = "card"' }, `denied by ${RULES_FILE}:2 (a [[deny]] rule), in B`],
		[{ rules: '[[allow]]\nmodule = "other"' }, `no [[allow]] rule allows it (${RULES_FILE}:1), in B`],
		[
			{ rules: '[[ignore]]\ndevpath = "*/d"' },
			`the device is left alone by ${RULES_FILE}:1 (an [[ignore]] rule), in B`,
		],
		[
			{ missing: ["/lib/modules/6.0.0/kernel/card.ko"] },
			"modules.dep has /lib/modules/6.0.0/kernel/card.ko, which is not there, in B",
		],
		[
			{ missing: ["/lib/modules/6.0.0/kernel/base.ko"] },
			"it needs base, of which: modules.dep has /lib/modules/6.0.0/kernel/base.ko, which is not there, in B",
		],
		[
			{ rules: '[[mask]]\nmodule = "base"' },
			`it needs base, of which: masked by ${RULES_FILE}:1 (a [[mask]] rule), in B`,
		],
		[
			{ world: { config: "install base /bin/false" } },
			`it needs base, of which: its install line runs '/bin/false': ${configFile}:1, in B`,
		],
		[
			{ kernelBlacklist: ["base"] },
			"it needs base, of which: the kernel itself refuses it (module_blacklist=base in /proc/cmdline), in B",
		],
		[{ world: { modules: {} } }, "there is no file for card, in B"],
	];
	for (const [b, cause] of cases) t.deepEqual(lose(b), [`/devices/d loses: card -> ; ${cause}`]);
});

test("an install line that runs true keeps its own module out, and not those that need it", (t) => {
	t.deepEqual(lose({ world: { config: "install base /bin/true" } }), []);
	t.is(lose({ world: { config: "install card /bin/true" } }).length, 1);
});

test("an install line that loads the module in its own way, and other options, are no change of the driver", (t) => {
	t.deepEqual(lose({ world: { config: "install card do it\noptions card x=1" } }), []);
});

test("a driver that is built in counts as one, whatever a blacklist or a rule says, and where no index has its alias", (t) => {
	const built = { modules: { base: [], other: [] }, builtin: ["card"] };
	t.deepEqual(lose({ world: built }), []);
	t.deepEqual(lose({ world: { ...built, aliases: {} } }), []);
	t.deepEqual(lose({ world: { ...built, config: "blacklist card" }, rules: '[[ignore]]\ndevpath = "*"' }), []);
	t.deepEqual(lose({ world: { aliases: {} } }, { world: built }), [
		"/devices/d loses: card built in -> ; B has card, but none of its patterns matches the alias",
	]);
});

test("a module that a device may not ask for serves it all the same where it is loaded for another reason", (t) => {
	const devices = { d: "x:card1", e: "y:user" };
	const modules = { card: [], user: ["card"] };
	const aliases = { "x:card*": "card", "y:user": "user" };
	const all = { devices, world: { modules, aliases } };
	t.deepEqual(tell(all, {}, { world: { config: "blacklist card" } }), []);
	t.deepEqual(tell(all, {}, { rules: '[[ignore]]\ndevpath = "*/d"' }), []);
	t.is(tell(all, {}, { world: { config: "blacklist card\nblacklist user" } }).length, 2);
	t.is(tell(all, {}, { world: { config: "install card /bin/false" } }).length, 2);
});

test("a rule that loads a module counts, and is named where the other side lacks it", (t) => {
	const rules = '[[load]]\ndevpath = "*/d"\nload = "other"';
	t.deepEqual(lose({}, { rules }), [
		`/devices/d changes: card,other -> card; B lacks the [[load]] rule of A, ${RULES_FILE}:1`,
	]);
});

test("a device of one side alone loses or gains its driver, if it has one", (t) => {
	t.deepEqual(lose({ devices: { none: "x:none" } }), ["/devices/d loses: card -> ; B has no such device"]);
	t.deepEqual(lose({ devices: { d: "x:card1", e: "x:card2" } }), ["/devices/e gains:  -> card; A has no such device"]);
});

test("another device in the same place is named by its alias", (t) => {
	t.deepEqual(lose({ devices: { d: "y:fan" } }), [
		"/devices/d loses: card -> ; in B another device is in its place: y:fan",
	]);
});

test("a device that has moved is said to have moved, with its modules, and one without modules is not told", (t) => {
	const { changes } = compareWorlds(shared, {}, { devices: { e: "x:card1" } });
	t.like(changes, { length: 1, 0: { change: "moves", a: { devpath: "/devices/d" }, b: { devpath: "/devices/e" } } });
	t.deepEqual(tell(shared, { devices: { d: "x:none" } }, { devices: { e: "x:none" } }), []);
	t.deepEqual(lose({ devices: { e: "x:card1" }, world: { config: "blacklist card" } }), [
		`/devices/d loses: card -> ; blacklisted by ${configFile}:1, in B`,
	]);
});

test("where each module serves by itself, one less is a loss and one more a gain", (t) => {
	const cpu: SideOfWorld = {
		world: { modules: { kvm: [], aes: [] }, aliases: { "cpu:type:*1*": "kvm", "cpu:type:*": "aes" } },
		devices: { cpu0: "cpu:type:1" },
	};
	const fewer = { world: { aliases: { "cpu:type:*": "aes" } } };
	const others = { world: { aliases: { "cpu:type:*1*": "kvm" } } };
	const words = (a: SideOfWorld, b: SideOfWorld) => compareWorlds(cpu, a, b).changes.map(({ change }) => change);
	t.deepEqual(words({}, fewer), ["loses"]);
	t.deepEqual(words(fewer, {}), ["gains"]);
	t.deepEqual(words(fewer, others), ["changes"]);
});

test("devices that ask for something are counted, and those of one side alone", (t) => {
	const compared = compareWorlds(shared, {}, { devices: { d: "x:card1", e: [], f: "x:f" } });
	t.deepEqual(compared.devices, { a: 1, b: 2 });
	t.deepEqual(compared.alone, { a: 0, b: 1 });
});
