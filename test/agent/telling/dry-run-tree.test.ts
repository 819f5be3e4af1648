import test from "ava";
import { planDryRun } from "../../../src/agent/telling/dry-run.js";
import { formatTree } from "../../../src/agent/telling/dry-run-tree.js";
import { plainTerminal } from "../../support/fakes/plain-terminal.js";
import { makeWorld, type World } from "../../support/worlds/world.js";

const tree = (world: World, aliases: readonly string[], width = 80) =>
	formatTree([...planDryRun(makeWorld(world), [{ devpath: "/devices/a", aliases }], new Set())], plainTerminal(width));

const world: World = {
	modules: { card: ["middle", "base"], middle: ["base"], base: [], lone: ["middle", "base"], soft: [], masked: [] },
	aliases: { "x:card": "card", "x:lone": "lone", "x:masked": "masked", "x:gone": "gone" },
	config: "softdep card pre: soft\ninstall masked /bin/false",
};

test("below each module is what it needs, once, and softdeps are marked with their place", (t) => {
	t.deepEqual(tree(world, ["x:card", "x:lone", "x:masked", "x:gone"]), [
		"card",
		"|-- soft  softdep pre (world.conf:1)",
		"`-- middle",
		"    `-- base",
		"lone",
		"`-- middle  (above)",
		"masked  kept out: masked",
		"gone  missing",
	]);
});

test("modules that ask for each other by softdeps end", (t) => {
	const circle = { ...world, config: "softdep card pre: lone\nsoftdep lone pre: card" };
	t.deepEqual(tree(circle, ["x:card"]), [
		"card",
		"|-- middle",
		"|   `-- base",
		"`-- lone  softdep pre (world.conf:1)",
		"    |-- card  softdep pre (world.conf:2), (above)",
		"    `-- middle  (above)",
	]);
});

test("a long chain of dependencies fits the terminal", (t) => {
	const names = Array.from({ length: 300 }, (_, number) => `m${number}`);
	const chain = Object.fromEntries(names.map((name, at) => [name, names.slice(at + 1)]));
	const lines = tree({ modules: chain, aliases: { "x:first": "m0" } }, ["x:first"], 80);
	t.is(lines.length, 300);
	t.true(lines.every((line) => line.length <= 80));
});
