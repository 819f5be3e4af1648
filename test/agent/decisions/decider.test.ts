import test from "ava";
import { listWanted, makeDecider, withMasks } from "../../../src/agent/decisions/decider.js";
import { noPolicy } from "../../../src/agent/policy/policy.js";
import { parsePolicy } from "../../../src/agent/policy/policy-file.js";
import { MalformedIndex } from "../../../src/libkmod/formats/index-file.js";
import { knowNothing, readKnowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import type { PresentDevice } from "../../../src/ports/devices.js";
import { configFile, filesIn, makeWorld, moduleDirectory, type World, worldFiles } from "../../support/worlds/world.js";

const world: World = {
	modules: { a: [], b: [], c: [], "by-name": [] },
	aliases: { "x:a*": "a", "x:?b": ["a", "b"], "x:built*": "built", "x:c": "c" },
	builtin: ["built"],
	config: "blacklist b\n\nblacklist c\nalias y:z by-name\nblacklist by-name",
	commandLine: "modprobe.blacklist=c",
};

const decide = (...aliases: readonly string[]) => makeDecider(makeWorld(world))({ devpath: "/devices/d", aliases });

const verdicts = (...aliases: readonly string[]) =>
	decide(...aliases).map(({ matches }) => matches.map(({ found, verdict }) => `${found.module} ${verdict}`));

test("an alias asks for every module that matches it, and says by which pattern", (t) => {
	t.like(decide("x:ab"), [
		{
			device: "/devices/d",
			alias: "x:ab",
			matches: [
				{ verdict: "wanted", found: { module: "a", via: "alias index", pattern: "x:a*" } },
				{ verdict: "blacklisted", found: { module: "b", pattern: "x:?b" } },
			],
		},
	]);
});

test("every alias of a device is a decision of its own", (t) => {
	t.deepEqual(verdicts("x:a1", "x:none", "x:built1"), [["a wanted"], [], ["built builtin"]]);
});

test("a module that matches twice is asked for once", (t) => {
	t.deepEqual(verdicts("x:ab"), [["a wanted", "b blacklisted"]]);
});

test("the blacklist's line is named, and 0 is the kernel command line", (t) => {
	const sources = decide("x:zb", "x:c").flatMap(({ matches }) => matches.flatMap(({ source }) => source ?? []));
	t.deepEqual(sources, [
		{ file: configFile, line: 1 },
		{ file: "/proc/cmdline", line: 0 },
	]);
});

test("a blacklist counts for modules that an alias line names, and not for a module asked for by its own name", (t) => {
	t.deepEqual(verdicts("y:z", "by_name"), [["by_name blacklisted"], ["by_name wanted"]]);
});

test("an alias is answered in whatever spelling, and one that makes no sense asks for nothing", (t) => {
	t.deepEqual(verdicts("by-name", "x:a-1", "x:]", "", "x:\xff", "y".repeat(10_000)), [
		["by_name wanted"],
		["a wanted"],
		[],
		[],
		[],
		[],
	]);
});

/** A decider, and the number of its lookups in the index of aliases. */
function counting() {
	const knowledge = makeWorld(world);
	const { aliases } = knowledge.indexes;
	let asked = 0;
	const indexes = {
		...knowledge.indexes,
		get aliases() {
			asked++;
			return aliases;
		},
	};
	const counted = { ...knowledge, indexes };
	return { knowledge: counted, decide: makeDecider(counted), asked: () => asked };
}

test("the indexes are asked once for each alias, whether it matches or not", (t) => {
	const { decide, asked } = counting();
	for (let n = 0; n < 100; n++) decide({ devpath: `/devices/${n}`, aliases: ["x:a1", "x:none"] });
	t.is(asked(), 2);
});

test("a storm of aliases that nobody knows does not fill the memory: answers are forgotten", (t) => {
	const { decide, asked } = counting();
	const storm = 20_000;
	for (let n = 0; n < storm; n++) decide({ devpath: "/devices/x", aliases: [`usb:${n}`] });
	decide({ devpath: "/devices/x", aliases: ["usb:0"] });
	t.is(asked(), storm + 1);
});

test("what a damaged index cannot answer is a problem of the alias, and others are still answered", (t) => {
	const files = worldFiles({ modules: { a: [], zz: [] }, aliases: { "x:a": "a", "x:z": "zz" } });
	const index = `${moduleDirectory}/modules.alias.bin`;
	const bytes = Buffer.from(files.get(index)!);
	// The last value ends at the end of the file. Without its NUL the value has no end.
	bytes[bytes.length - 1] = 0x41;
	const knowledge = readKnowledge(filesIn(files.set(index, bytes)), { moduleDirectory });
	const [good, bad] = makeDecider(knowledge)({ devpath: "/devices/d", aliases: ["x:a", "x:z"] });
	t.is(good?.problem, undefined);
	t.is(good?.matches.length, 1);
	t.true(bad?.problem instanceof MalformedIndex);
	t.deepEqual(bad?.matches, []);
});

test("only what is wanted is planned, with its alias and its device", (t) => {
	const wanted = listWanted(decide("x:ab", "x:built", "x:c", "by_name"));
	t.like(wanted, [
		{ module: "a", alias: "x:ab", cause: { kind: "alias", alias: "x:ab", device: "/devices/d" } },
		{ module: "by_name", cause: { kind: "alias", alias: "by_name" } },
	]);
	t.is(wanted.length, 2);
	t.false("alias" in wanted[1]!);
});

const policyOf = (rules: string) => parsePolicy("p", rules).value.policy;

const usb = (...aliases: readonly string[]): PresentDevice => ({
	devpath: "/devices/u",
	aliases,
	properties: new Map([["SUBSYSTEM", "usb"]]),
});

/** Each alias with the verdicts of its modules, and the lines of the policy's rules behind them. */
function told(rules: string, device: PresentDevice): readonly string[] {
	const policy = policyOf(rules);
	return makeDecider(
		makeWorld(world),
		policy,
	)(device).map(({ alias, matches, rule, ignored }) => {
		const verdicts = matches.map(({ found, verdict, source }) =>
			[found.module, verdict, ...(source?.file === "p" ? [source.line] : [])].join(" "),
		);
		const why = rule ?? ignored;
		return `${alias}: ${verdicts.join(", ")}${why ? ` (${rule ? "rule" : "ignored"} ${why.line})` : ""}`;
	});
}

test("what policy denies is not wanted, and the rule is named", (t) => {
	const rules = '\n[[deny]]\nsubsystem = "usb"\nmodule = "a"';
	t.deepEqual(told(rules, usb("x:ab", "x:built1")), ["x:ab: a denied 2, b blacklisted", "x:built1: built builtin"]);
	t.deepEqual(told(rules, { devpath: "/devices/d", aliases: ["x:a1"] }), ["x:a1: a wanted"]);
	const decide = makeDecider(makeWorld(world), policyOf(rules));
	t.deepEqual(listWanted(decide(usb("x:ab"))), []);
});

test("what an allow list does not name is not wanted", (t) => {
	const rules = '[[allow]]\nmodule = "by_name"';
	t.deepEqual(told(rules, usb("x:a1", "by-name")), ["x:a1: a not allowed 1", "by-name: by_name wanted"]);
});

test("a device that is left alone asks for nothing", (t) => {
	const rules = '[[ignore]]\nsubsystem = "usb"\n[[load]]\nsubsystem = "usb"\nload = "a"';
	t.deepEqual(told(rules, usb("x:a1", "x:none")), ["x:a1:  (ignored 1)", "x:none:  (ignored 1)"]);
	const decide = makeDecider(makeWorld(world), policyOf(rules));
	t.deepEqual(listWanted(decide(usb("x:a1"))), []);
});

test("a rule loads modules and aliases for a device, the blacklist and other rules permitting", (t) => {
	const rules =
		'[[load]]\nsubsystem = "usb"\nload = ["a", "x:ab", "c", "by-name", "none"]\n[[deny]]\nalias = "x:a?"\nmodule = "a"';
	t.deepEqual(told(rules, usb()), [
		"a: a wanted (rule 1)",
		"x:ab: a denied 4, b blacklisted (rule 1)",
		"c: c blacklisted (rule 1)",
		"by_name: by_name blacklisted (rule 1)",
		"none:  (rule 1)",
	]);
	const wanted = listWanted(makeDecider(makeWorld(world), policyOf(rules))(usb()));
	t.like(wanted, [{ module: "a", cause: { kind: "alias", alias: "a", device: "/devices/u", rule: { line: 1 } } }]);
	t.is(wanted.length, 1);
});

test("what a device asks for itself and a rule loads too is decided once", (t) => {
	const rules = '[[load]]\nsubsystem = "usb"\nload = ["x:a1"]\nown_aliases = true';
	t.deepEqual(told(rules, usb("x:a1")), ["x:a1: a wanted"]);
});

test("on any action but add a device gets what a rule says, and nothing else", (t) => {
	const rules = '[[load]]\nsubsystem = "usb"\naction = "bind"\nown_aliases = true';
	t.deepEqual(told(rules, { ...usb("x:a1"), action: "bind" }), ["x:a1: a wanted (rule 1)"]);
	t.deepEqual(told(rules, { ...usb("x:a1"), action: "change" }), []);
	t.deepEqual(told(rules, { ...usb("x:a1"), action: "add" }), ["x:a1: a wanted"]);
});

test("the indexes are asked once for each alias under a policy too, whatever it says of each device", (t) => {
	const { knowledge, asked } = counting();
	const decide = makeDecider(knowledge, policyOf('[[deny]]\nsubsystem = "usb"\nmodule = "*"'));
	const verdicts = new Set<string>();
	for (const device of [usb("x:a1"), { devpath: "/devices/d", aliases: ["x:a1"] }, usb("x:a1")])
		for (const { matches } of decide(device)) for (const { verdict } of matches) verdicts.add(verdict);
	t.deepEqual([...verdicts], ["denied", "wanted"]);
	t.is(asked(), 1);
});

test("masks are part of what is known, and without any it stays what it was", (t) => {
	const knowledge = makeWorld(world);
	t.is(withMasks(knowledge, noPolicy), knowledge);
	const masked = withMasks(knowledge, policyOf('[[mask]]\nmodule = "b*"'));
	t.deepEqual(masked.masked?.("by_name"), { file: "p", line: 1 });
	t.is(masked.masked?.("a"), undefined);
});

test("where nothing is known nothing is asked of it, but for what a look later on cannot find again", (t) => {
	const knowledge = knowNothing(moduleDirectory, { why: "there is nothing", kind: "unusable" });
	const rules = '[[load]]\nsubsystem = "usb"\naction = ["add", "bind"]\nload = ["a"]';
	const decide = makeDecider(knowledge, policyOf(rules));
	t.deepEqual(decide(usb("x:a1")), []);
	t.like(decide({ ...usb("x:a1"), action: "bind" }), [{ alias: "a", matches: [], rule: { line: 1 } }]);
	t.is(decide({ ...usb("x:a1"), action: "change" }).length, 0);
});
