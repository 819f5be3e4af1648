// The modules of two plans.
import test from "ava";
import { explainBecause } from "../../../src/agent/comparing/because-text.js";
import { compareWorlds, type SideOfWorld } from "../../support/worlds/compared-sides.js";
import { configFile } from "../../support/worlds/world.js";

const shared: SideOfWorld = {
	world: { modules: { card: ["base"], base: [], soft: [], part: [] }, aliases: { "x:card": "card" } },
	devices: { d: "x:card", e: "x:card" },
};

const tell = (a: SideOfWorld, b: SideOfWorld, all = shared): readonly string[] =>
	compareWorlds(all, a, b).modules.map(
		({ module, change, devices, because }) =>
			`${module} ${change} by ${devices}: ${explainBecause(because, module, { a: "A", b: "B" })}`,
	);

test("a module that devices lose is lost for the cause of the first", (t) => {
	t.deepEqual(tell({}, { world: { config: "blacklist card" } }), [
		"base lost by 0: it came with card, which is not loaded in B",
		`card lost by 2: blacklisted by ${configFile}:1, in B`,
	]);
});

test("a dependency that is not needed any more goes though no device changes", (t) => {
	const modules = { card: [], base: [], soft: [], part: [] };
	t.deepEqual(tell({}, { world: { modules } }), ["base lost by 0: card does not need it in B"]);
	t.deepEqual(tell({ world: { modules } }, {}), ["base gained by 0: card does not need it in A"]);
});

test("a softdep brings a module, or has brought it, and its line is named", (t) => {
	const config = "\nsoftdep card pre: soft post: part";
	t.deepEqual(tell({}, { world: { config } }), [
		`soft gained by 0: A lacks the softdep of B, ${configFile}:2 (softdep card pre: soft)`,
		`part gained by 0: A lacks the softdep of B, ${configFile}:2 (softdep card post: part)`,
	]);
	t.deepEqual(tell({ world: { config } }, {}), [
		`soft lost by 0: B lacks the softdep of A, ${configFile}:2 (softdep card pre: soft)`,
		`part lost by 0: B lacks the softdep of A, ${configFile}:2 (softdep card post: part)`,
	]);
});

test("a module of a softdep that is kept out is told with what keeps it out", (t) => {
	const config = "softdep card pre: soft\n";
	t.deepEqual(tell({ world: { config } }, { world: { config: `${config}install soft /bin/false` } }), [
		`soft lost by 0: its install line runs '/bin/false': ${configFile}:2, in B`,
	]);
});

test("a part of the kernel is no loss", (t) => {
	const world = { modules: { card: [] }, builtin: ["base"] };
	t.deepEqual(tell({}, { world }), ["base built in by 0: built into the kernel of B"]);
	t.deepEqual(tell({ world }, {}), ["base as a file by 0: built into the kernel of A"]);
});

test("other parameters are a change of their own, with the lines that differ", (t) => {
	const line = "options card x=1\n";
	t.deepEqual(tell({ world: { config: line } }, { world: { config: `${line}options card y=2` } }), [
		`card parameters by 0: by ${configFile}:2, in B`,
	]);
	t.deepEqual(tell({ world: { config: line } }, {}), [`card parameters by 0: by ${configFile}:1, in A`]);
	t.deepEqual(
		tell(
			{ world: { config: "options card x=1\noptions card y=2" } },
			{ world: { config: "options card y=2\noptions card x=1" } },
		),
		["card parameters by 0: the lines of A stand in another order"],
	);
});

test("another install line is a change of its own", (t) => {
	t.deepEqual(tell({}, { world: { config: "install card do it" } }), [`card command by 0: by ${configFile}:1, in B`]);
	t.deepEqual(tell({ world: { config: "install card do it" } }, { world: { config: "install card do it" } }), []);
});

test("how each side loads a module is told, and how many modules each side loads", (t) => {
	const { modules, loaded } = compareWorlds(
		shared,
		{ world: { config: "options card x=1" } },
		{ world: { config: "install card do it" } },
	);
	t.like(modules, {
		length: 1,
		0: {
			before: { how: "module", parameters: "x=1" },
			after: { how: "install line", parameters: "", command: "do it" },
		},
	});
	t.deepEqual(loaded, { a: 2, b: 2 });
});
