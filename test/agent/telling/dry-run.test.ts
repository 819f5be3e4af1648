// The text of the dry run.
import test from "ava";
import { withMasks } from "../../../src/agent/decisions/decider.js";
import { parsePolicy } from "../../../src/agent/policy/policy-file.js";
import { formatBatch, formatSummary, planDryRun, summarise } from "../../../src/agent/telling/dry-run.js";
import { listRecords } from "../../../src/agent/telling/records.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";
import { makeWorld, type World } from "../../support/worlds/world.js";

function runs(module: string, command: string, line: number): Step {
	const source = { file: "/etc/modprobe.d/local.conf", line };
	return { module, how: "run", command, source, parameters: "", required: true, after: [], cause: { kind: "name" } };
}

test("an install command is named with its file and line, and whether it is run", (t) => {
	const plan = [runs("sound", "modprobe -i sound; alsactl restore", 3), runs("nosy", "/bin/false", 4)];
	const batch = { number: 1, decisions: [], plan, wantedBy: new Map(), spared: [] };
	t.deepEqual(formatBatch(batch, false).split("\n").slice(0, 5), [
		"batch 1, level 0: 2 modules",
		"  sound [by its install command, /etc/modprobe.d/local.conf line 3]",
		"    run modprobe -i sound; alsactl restore",
		"    asked for by name",
		"  nosy [masked by /etc/modprobe.d/local.conf line 4: not run]",
	]);
});

const world: World = {
	modules: { card: ["base"], base: [], lone: [], soft: [], masked: [] },
	aliases: { "x:card*": "card", "x:lone": ["lone", "masked"], "x:built": "built", "x:gone": "gone" },
	builtin: ["built"],
	config: "softdep lone pre: soft\ninstall lone do it\ninstall masked /bin/true\nblacklist base",
};

function dryRun(devices: Readonly<Record<string, readonly string[]>>, live: readonly string[] = []) {
	const present = Object.entries(devices).map(([name, aliases]) => ({ devpath: `/devices/${name}`, aliases }));
	return [...planDryRun(makeWorld(world), present, new Set(live))];
}

test("a module that an earlier batch holds is not planned again", (t) => {
	const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`d${n}`, [`x:card${n}`, "x:none"]]));
	const batches = dryRun(many);
	t.true(batches.length > 1);
	t.deepEqual(
		batches.map(({ plan }) => plan.length),
		batches.map((_, place) => (place === 0 ? 2 : 0)),
	);
	t.like(summarise(batches), { batches: 1, devices: 100, aliases: 101, modules: 2, unmatched: 1 });
});

test("what is live is not planned", (t) => {
	t.is(formatBatch(dryRun({ a: ["x:card"] }, ["card", "base"])[0]!, false), "");
});

test("an install line that softdeps silence is named", (t) => {
	const [batch] = dryRun({ a: ["x:lone"] });
	t.regex(
		formatBatch(batch!, false),
		/ {2}lone\n {4}insmod .*\n {4}.*\n {4}its install command does not count, since the module has softdeps \(.*world\.conf line 2\)\n/,
	);
});

test("what is not loaded is told where a blacklist is the reason, and everything else when it is asked for", (t) => {
	const [batch] = dryRun({ a: ["x:built", "x:none", "base"] });
	t.notRegex(formatBatch(batch!, false), /built|none/);
	t.regex(
		formatBatch(batch!, true),
		/^not loaded: built: built into the kernel; \/devices\/a: x:built matches x:built$/m,
	);
	t.regex(formatBatch(batch!, true), /^\/devices\/a: x:none matches no module$/m);
});

test("the summary counts each module and each alias once", (t) => {
	const summary = summarise(dryRun({ a: ["x:card1", "x:lone"], b: ["x:card1", "x:built"], c: ["x:built", "x:none"] }));
	t.deepEqual(summary, {
		batches: 1,
		devices: 3,
		aliases: 4,
		unmatched: 1,
		modules: 4,
		masked: 1,
		blacklisted: 0,
		denied: 0,
		builtin: 1,
		problems: 0,
	});
	t.is(
		formatSummary(summary),
		"4 modules in 1 batches for 3 devices with 4 aliases; 0 blacklisted, 1 masked, 1 built in, 1 aliases without a module\n",
	);
	t.regex(formatSummary({ ...summary, problems: 2 }), /, 2 that could not be looked up\n$/);
});

test("what policy keeps out, leaves alone, loads and masks is told with the rule's line", (t) => {
	const rules = `[[deny]]
module = "lone"
[[mask]]
module = "base"
[[ignore]]
devpath = "*/c"
[[load]]
devpath = "*/d"
load = "soft"
[[allow]]
devpath = "*/e"
module = "gone"`;
	const { policy } = parsePolicy("/etc/r.toml", rules).value;
	const knowledge = withMasks(makeWorld(world), policy);
	const aliases: Readonly<Record<string, readonly string[]>> = {
		a: ["x:lone"],
		b: ["x:card"],
		c: ["x:card2"],
		d: [],
		e: ["x:card3"],
	};
	const devices = Object.entries(aliases).map(([name, all]) => ({ devpath: `/devices/${name}`, aliases: all }));
	const batches = [...planDryRun(knowledge, devices, new Set(), policy)];
	t.deepEqual(
		formatBatch(batches[0]!, false)
			.replaceAll(/insmod \S*/g, "insmod")
			.split("\n"),
		[
			"batch 1, level 0: 3 modules",
			"  masked [masked by /etc/modprobe.d/world.conf line 3: not run]",
			"    run /bin/true",
			"    /devices/a: x:lone matches x:lone (alias index)",
			"  card [masked: not loaded]",
			"    it needs base, which /etc/r.toml line 3 masks",
			"    /devices/b: x:card matches x:card* (alias index)",
			"  soft",
			"    insmod",
			"    /devices/d: /etc/r.toml line 7 loads soft (module)",
			"not loaded: lone: denied by /etc/r.toml line 1; /devices/a: x:lone matches x:lone",
			"/devices/c: x:card2 is not looked up: /etc/r.toml line 5 leaves the device alone",
			"not loaded: card: not allowed: neither /etc/r.toml line 10 nor another allow rule allows the module; /devices/e: x:card3 matches x:card*",
			"",
		],
	);
	const summary = summarise(batches);
	t.like(summary, { denied: 2, masked: 2, modules: 1, unmatched: 0 });
	t.regex(formatSummary(summary), /; 0 blacklisted, 2 denied, 2 masked, /);
	const records = listRecords(batches[0]!).map((record) => JSON.parse(JSON.stringify(record)));
	const find = (fields: object) =>
		records.find((record) => Object.entries(fields).every(([key, value]) => record[key] === value));
	t.like(find({ kind: "step", module: "card" }), { how: "masked", needs: "base", source: { line: 3 } });
	t.like(find({ kind: "decision", device: "/devices/c" }), { ignored: { file: "/etc/r.toml", line: 5 } });
	t.like(find({ kind: "decision", device: "/devices/d" }), { rule: { line: 7 } });
	t.like(find({ kind: "decision", device: "/devices/a" })?.matches[0], { verdict: "denied", source: { line: 1 } });
});

test("every record is JSON, and says its batch", (t) => {
	const [batch] = dryRun({ a: ["x:lone", "x:gone", "x:none"] });
	const records = listRecords(batch!).map((record) => JSON.parse(JSON.stringify(record)));
	t.true(records.every((record) => record.batch === 1));
	t.deepEqual(
		records.map(({ kind, module, how, alias }) => [kind, how ?? "", module ?? alias].join(" ")),
		[
			"step insert soft",
			"step missing gone",
			"step insert lone",
			"step masked masked",
			"decision  x:lone",
			"decision  x:gone",
			"decision  x:none",
		],
	);
});
