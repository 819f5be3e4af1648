import { spawnSync } from "node:child_process";
import test from "ava";
import { planDryRun } from "../../../src/agent/telling/dry-run.js";
import { formatDot } from "../../../src/agent/telling/dry-run-dot.js";
import { makeWorld, type World } from "../../support/worlds/world.js";

const graph = (world: World, alias = "x:card") =>
	formatDot([...planDryRun(makeWorld(world), [{ devpath: "/devices/a", aliases: [alias] }], new Set())]).join("\n");

test("an arrow leads from a module to what comes before it: dependencies, softdeps dashed, rivals dotted", (t) => {
	const text = graph({
		modules: { card: ["base"], base: [], soft: [], second: [] },
		aliases: { "x:card": ["card", "second"] },
		config: "softdep card pre: soft",
	});
	t.regex(text, /^digraph coldplug \{\n/);
	t.regex(text, /\n\t"card" -> "base";\n/);
	t.regex(text, /\n\t"card" -> "soft" \[style=dashed\];\n/);
	t.regex(text, /\n\t"second" -> "card" \[style=dotted, label="rival"\];\n/);
	t.regex(text, /\n\t"base" \[tooltip="dependency of card"\];\n/);
	t.regex(text, /\n\}$/);
});

const hostile = 'a"];evil[label="\\N\\"\x1b[31m';

test("names stay within their quotes", (t) => {
	const text = graph({ modules: { [hostile]: [] }, aliases: { "x:card": hostile } });
	t.true(text.includes('\n\t"a\\"];evil[label=\\"\\\\N\\\\\\"\\\\x1b[31m" ['), text);
});

const graphviz = spawnSync("dot", ["-V"]).error === undefined ? test : test.skip;

graphviz("Graphviz takes it, and shows names as they are", (t) => {
	const input = graph({ modules: { [hostile]: ["base"], base: [] }, aliases: { "x:card": hostile } });
	const { status, stdout, stderr } = spawnSync("dot", ["-Tplain"], { input, encoding: "utf8" });
	t.is(status, 0, stderr);
	const nodes = stdout.split("\n").filter((line) => line.startsWith("node "));
	t.is(nodes.length, 2, stdout);
	t.is(stdout.split("\n").filter((line) => line.startsWith("edge ")).length, 1);
});
