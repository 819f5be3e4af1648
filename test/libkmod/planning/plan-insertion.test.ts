import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { MalformedIndex } from "../../../src/libkmod/formats/index-file.js";
import { makeInserter } from "../../../src/libkmod/insertion/inserter.js";
import { isUsable } from "../../../src/libkmod/insertion/outcome.js";
import { type Knowledge, readKnowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import { lookUp } from "../../../src/libkmod/knowledge/lookup.js";
import {
	byAlias,
	levels,
	listProbe,
	planInsertion,
	type Step,
	type Wanted,
} from "../../../src/libkmod/planning/plan-insertion.js";
import { heard, makeFakeKernel } from "../../support/fakes/fake-kernel.js";
import { modprobe } from "../../support/real/real-kmod.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";
import { randomRequests, randomWorld } from "../../support/worlds/random-world.js";
import {
	configFile,
	filesIn,
	makeWorld,
	moduleDirectory,
	RELEASE,
	type World,
	worldFiles,
} from "../../support/worlds/world.js";

function wanted(knowledge: Knowledge, ...requests: readonly string[]): Wanted[] {
	return requests.flatMap((alias) =>
		lookUp(knowledge, alias).map((found) => ({
			module: found.module,
			...(byAlias(found) && { alias }),
			cause: { kind: "alias", alias, found } as const,
		})),
	);
}

const plan = (world: World, ...requests: readonly string[]): readonly Step[] => {
	const knowledge = makeWorld(world);
	return planInsertion(knowledge, wanted(knowledge, ...requests));
};

const names = (steps: readonly Step[]): string => steps.map(({ module }) => module).join(" ");

const plans = test.macro({
	exec(t, world: World, requests: readonly string[], expected: string) {
		t.is(names(plan(world, ...requests)), expected);
	},
	title: (title) => title ?? "",
});

const chain = { top: ["middle"], middle: ["base"], base: [], other: [] };

test("what a module needs comes before it", plans, { modules: chain }, ["top"], "base middle top");
test(
	"each module stands once, where it is first needed",
	plans,
	{ modules: chain },
	["other", "middle", "top"],
	"other base middle top",
);
test(
	"softdeps come around the module, with what they need themselves",
	plans,
	{ modules: { ...chain, a: [] }, config: "softdep a pre: middle post: other" },
	["a"],
	"base middle a other",
);
test(
	"softdeps of what a module needs come too",
	plans,
	{ modules: { ...chain, a: [] }, config: "softdep base pre: other post: a" },
	["top"],
	"other base a middle top",
);
test(
	"softdeps in a circle end",
	plans,
	{ modules: { a: [], b: [], c: [] }, config: "softdep a pre: b\nsoftdep b pre: c\nsoftdep c pre: a" },
	["a"],
	"c b a",
);
test(
	"a module that is its own softdep stands once",
	plans,
	{ modules: { a: [] }, config: "softdep a pre: a post: a" },
	["a"],
	"a",
);
test(
	"a softdep behind that needs the module itself comes behind it",
	plans,
	{ modules: { a: ["base"], base: [], b: ["a"] }, config: "softdep base post: b" },
	["a"],
	"base a b",
);
test(
	"a softdep that no module answers to counts for nothing",
	plans,
	{ modules: { a: [] }, config: "softdep a pre: none" },
	["a"],
	"a",
);
test(
	"a softdep may be an alias of several modules",
	plans,
	{ modules: { a: [], b: [], c: [] }, aliases: { "x:*": ["b", "c"] }, config: "softdep a pre: x:1" },
	["a"],
	"b c a",
);

test("each step knows why it is there", (t) => {
	const world = {
		modules: { top: ["base"], base: [], soft: [] },
		aliases: { "x:*": "top" },
		config: "# A comment\nsoftdep base post: soft",
	};
	const [base, soft, top] = plan(world, "x:1");
	t.deepEqual(base?.cause, { kind: "dependency", of: "top" });
	t.deepEqual(soft?.cause, { kind: "softdep", of: "base", when: "post", source: { file: configFile, line: 2 } });
	t.like(top?.cause, { kind: "alias", alias: "x:1", found: { pattern: "x:*", via: "alias index" } });
});

test("what softdeps alone ask for is not required, until it is wanted for itself", (t) => {
	const world = { modules: { a: [], soft: ["base"], base: [] }, config: "softdep a pre: soft" };
	const required = (steps: readonly Step[]) => steps.filter((step) => step.required).map(({ module }) => module);
	t.deepEqual(required(plan(world, "a")), ["a"]);
	t.deepEqual(required(plan(world, "a", "base")), ["base", "a"]);
	t.deepEqual(required(plan(world, "a", "soft")), ["base", "soft", "a"]);
});

test("a softdep is waited for and not relied on, a dependency is relied on", (t) => {
	const world = {
		modules: { a: ["base"], base: [], before: [], behind: [] },
		config: "softdep a pre: before post: behind",
	};
	const steps = new Map(plan(world, "a").map((step) => [step.module, step.after]));
	t.deepEqual(steps.get("a"), [
		{ module: "base", hard: true },
		{ module: "before", hard: false },
	]);
	t.deepEqual(steps.get("behind"), [{ module: "a", hard: false }]);
	t.deepEqual(steps.get("before"), []);
});

test("an install line is the action, unless softdeps silence it", (t) => {
	const modules = { a: [], b: [] };
	const [alone] = plan({ modules, config: "install a do it\noptions a x=1" }, "a");
	t.like(alone, { how: "run", command: "do it", parameters: "x=1", source: { file: configFile, line: 1 } });
	const [, beside] = plan({ modules, config: "softdep a pre: b\ninstall a do it" }, "a");
	t.like(beside, { how: "insert", commandIgnored: { file: configFile, line: 2 } });
	const [vain] = plan({ modules, config: "softdep a pre: none\ninstall a do it" }, "a");
	t.like(vain, { how: "run" });
	const knowledge = makeWorld({ modules, config: "install a do it" });
	t.like(planInsertion(knowledge, wanted(knowledge, "a"), { ignoreCommands: true })[0], { how: "insert" });
});

test("what is ignored for the wanted module is obeyed for what it needs", (t) => {
	const knowledge = makeWorld({ modules: { a: ["b"], b: [] }, config: "install a do a\ninstall b do b" });
	const [b, a] = planInsertion(knowledge, wanted(knowledge, "a"), { ignoreCommands: true });
	t.like(b, { how: "run", command: "do b" });
	t.like(a, { how: "insert" });
});

const parameters = test.macro({
	exec(t, request: string, expected: string) {
		const config = "options x:a-b p=1\noptions a q=2\noptions x:* r=3\noptions a s=4";
		const commandLine = "a.t=5 quiet other.u=6";
		const [a] = plan({ modules: { a: [] }, aliases: { "x:*": "a" }, config, commandLine }, request);
		t.is(a?.parameters, expected);
	},
	title: (_, request) => `options for ${request} are those of its name and of the alias it was asked by`,
});

test(parameters, "a", "q=2 s=4 t=5");
test(parameters, "x:other", "q=2 s=4 t=5");
test(parameters, "x:a_b", "p=1 q=2 s=4 t=5");
test(parameters, "x:a-b", "p=1 q=2 s=4 t=5");

test("a module file may stand outside the module directory", (t) => {
	const [step] = plan({ modules: { "/opt/driver": [] } }, "driver");
	t.like(step, { how: "insert", path: `${moduleDirectory}/kernel//opt/driver.ko` });
});

test("levels hold each step above all that it waits for", (t) => {
	const world = { modules: { ...chain, soft: [] }, config: "softdep base pre: soft" };
	t.deepEqual(levels(plan(world, "top", "other")).map(names), ["soft other", "base", "middle", "top"]);
	t.deepEqual(levels([]), []);
});

test("a damaged index costs only the modules that need what is damaged", (t) => {
	const files = worldFiles({ modules: { aaa: [], zzz: [] }, aliases: { "x:a": "aaa", "x:z": "zzz" } });
	const index = `${moduleDirectory}/modules.dep.bin`;
	const bytes = Buffer.from(files.get(index)!);
	// The NUL of the value is the last byte of the file: without it the text has no end.
	bytes[bytes.length - 1] = 0x41;
	const knowledge = readKnowledge(filesIn(files.set(index, bytes)), { moduleDirectory });
	const steps = planInsertion(knowledge, [
		...["aaa", "zzz"].map((module) => ({ module, cause: { kind: "name" } as const })),
	]);
	t.like(steps[0], { module: "aaa", how: "insert" });
	t.like(steps[1], { module: "zzz", how: "missing" });
	t.regex(steps[1]?.how === "missing" ? (steps[1].problem ?? "") : "", /modules\.dep\.bin .*run depmod/);
	t.throws(() => listProbe(knowledge, { module: "zzz", cause: { kind: "name" } }), { instanceOf: MalformedIndex });
});

/** Writes the world as files for the real kmod; the test's teardown removes them. */
function writeWorld(t: ExecutionContext, world: World): string {
	const root = mkdtempSync(join(tmpdir(), "hotplugd-world-"));
	t.teardown(() => rmSync(root, { recursive: true, force: true }));
	const files = new Map(worldFiles(world));
	// kmod leaves out modules whose file does not exist.
	for (const name of Object.keys(world.modules)) files.set(`${moduleDirectory}/kernel/${name}.ko`, Buffer.alloc(0));
	for (const [path, content] of files) {
		mkdirSync(dirname(root + path), { recursive: true });
		writeFileSync(root + path, content);
	}
	return root;
}

function formatProbe(root: string, step: Step): string {
	// kmod puts a blank behind the configured options, so that those of the command line can follow.
	const parameters = step.parameters && `${step.parameters} `;
	if (step.how === "insert") return `insmod ${root}${step.path} ${parameters}\n`;
	if (step.how === "run") return `install ${step.command} ${parameters}\n`;
	return `${step.how} ${step.module}\n`;
}

test("modprobe -D lists the same of random worlds, repeats kept", (t) => {
	const random = seededRandom(t);
	let lines = 0;
	for (let round = 0; round < 60; round++) {
		const world = randomWorld(random);
		const root = writeWorld(t, world);
		const requests = [...new Set(randomRequests(random, world))];
		const knowledge = makeWorld(world);
		const ours = wanted(knowledge, ...requests).flatMap((one) => listProbe(knowledge, one));
		const real = modprobe("-d", root, "-S", RELEASE, "-C", `${root}${configFile}`, "-q", "-a", "-D", ...requests);
		t.is(ours.map((step) => formatProbe(root, step)).join(""), real, `${requests.join(" ")}\n${world.config}`);
		lines += ours.length;
	}
	t.log(`${lines} lines`);
	t.true(lines > 100);
});

test("in random worlds a plan holds all that the lists hold, once, and what a module needs before it", (t) => {
	const random = seededRandom(t);
	let prerequisites = 0;
	for (let round = 0; round < 500; round++) {
		const world = randomWorld(random);
		const knowledge = makeWorld(world);
		const all = wanted(knowledge, ...randomRequests(random, world));
		const steps = planInsertion(knowledge, all);
		const context = `${JSON.stringify(all.map(({ module }) => module))}\n${JSON.stringify(world)}`;
		const places = new Map(steps.map(({ module }, place) => [module, place]));
		t.is(places.size, steps.length, context);
		const listed = all.flatMap((one) => listProbe(knowledge, one)).map(({ module }) => module);
		t.deepEqual([...places.keys()].sort(), [...new Set(listed)].sort(), context);
		for (const [place, { module, after }] of steps.entries()) {
			const hard = after.filter((prerequisite) => prerequisite.hard).map((prerequisite) => prerequisite.module);
			t.deepEqual(new Set(hard), new Set(knowledge.file(module)?.dependencies ?? []), context);
			for (const prerequisite of after) t.true(places.get(prerequisite.module)! < place, context);
			prerequisites += after.length;
		}
		const levelled = levels(steps).flatMap((peers, level) => peers.map((step) => [step.module, level] as const));
		const levelOf = new Map(levelled);
		t.is(levelOf.size, steps.length);
		for (const { module, after } of steps)
			for (const prerequisite of after) t.true(levelOf.get(prerequisite.module)! < levelOf.get(module)!, context);
	}
	t.true(prerequisites > 500);
});

test("whatever ends first, no module of random worlds begins before what it needs, and everything ends", async (t) => {
	const random = seededRandom(t);
	let begun = 0;
	for (let round = 0; round < 80; round++) {
		const world = randomWorld(random);
		const knowledge = makeWorld(world);
		const kernel = makeFakeKernel({ held: true });
		const parallel = 1 + random.below(4);
		const inserter = makeInserter({ kernel, parallel });
		const flights = Array.from({ length: 2 }, () =>
			inserter.carryOut(planInsertion(knowledge, wanted(knowledge, ...randomRequests(random, world)))),
		).flat();
		const context = JSON.stringify(world);
		const live = new Set<string>();
		for (const { outcome } of flights)
			void outcome.then((ended) => {
				if (isUsable(ended)) live.add(ended.step.module);
			});
		await heard();
		for (let underway = kernel.underway(); underway.length > 0; underway = kernel.underway()) {
			t.true(underway.length <= parallel, context);
			for (const module of underway)
				for (const needed of knowledge.file(module)?.dependencies ?? [])
					t.true(live.has(needed), `${module} began before ${needed}: ${context}`);
			await kernel.end(random.pick(underway), random.pick([undefined, undefined, undefined, "EIO"]));
			begun++;
		}
		t.is(inserter.inFlight(), 0, context);
	}
	t.true(begun > 100);
});

const MASK = { file: "/etc/rules", line: 7 };

function masking(world: World, masked: readonly string[], ...requests: readonly string[]) {
	const knowledge: Knowledge = {
		...makeWorld(world),
		masked: (module) => (masked.includes(module) ? MASK : undefined),
	};
	return planInsertion(knowledge, wanted(knowledge, ...requests));
}

const described = (steps: readonly Step[]): readonly string[] =>
	steps.map((step) => `${step.how} ${step.module}${step.how === "masked" ? ` ${step.needs ?? ""}` : ""}`.trimEnd());

test("what needs a masked module is not loaded, nor anything else that only it needs", (t) => {
	const world = { modules: { top: ["middle", "aside"], middle: ["base"], base: [], aside: [], other: ["base"] } };
	t.deepEqual(described(masking(world, ["middle"], "top", "other")), [
		"masked top middle",
		"insert base",
		"insert other",
	]);
	t.deepEqual(described(masking(world, ["base"], "top", "aside")), ["masked top base", "insert aside"]);
	t.deepEqual(described(masking(world, ["top"], "top")), ["masked top"]);
	t.deepEqual(masking(world, ["base"], "top")[0], {
		module: "top",
		how: "masked",
		needs: "base",
		source: MASK,
		parameters: "",
		required: true,
		after: [],
		cause: { kind: "alias", alias: "top", found: { module: "top", via: "module", pattern: "top" } },
	});
});

test("a masked softdep is left out with all that it needs, and what asks for it is loaded", (t) => {
	const world: World = {
		modules: { card: ["base"], base: [], helper: ["below"], below: [], late: [] },
		config: "softdep card pre: helper post: late",
	};
	const steps = masking(world, ["helper", "late"], "card");
	t.deepEqual(described(steps), ["insert base", "masked helper", "insert card", "masked late"]);
	t.deepEqual(
		steps.map(({ required }) => required),
		[true, false, true, false],
	);
	t.deepEqual(described(masking(world, ["below"], "card")), [
		"insert base",
		"masked helper below",
		"insert card",
		"insert late",
	]);
});

test("a mask counts before install lines and beside softdeps, and reaches the inserter as an outcome", async (t) => {
	const world: World = {
		modules: { card: ["base"], base: [], soft: [] },
		config: "install card do it\nsoftdep card pre: soft\ninstall base do it",
	};
	const plan = masking(world, ["base"], "card");
	t.deepEqual(described(plan), ["masked card base"]);
	const kernel = makeFakeKernel();
	const outcomes = await Promise.all(
		makeInserter({ kernel, parallel: 4 })
			.carryOut(plan)
			.map(({ outcome }) => outcome),
	);
	t.like(outcomes, [{ result: "masked", step: { module: "card", source: MASK } }]);
	t.false(isUsable(outcomes[0]!));
	t.deepEqual(kernel.begun, []);
});

test("modules that match one alias come one after the other, over all that is wanted, whatever the order of the devices", (t) => {
	const world = {
		modules: { base: [], a: ["base"], b: [], c: [] },
		aliases: { "x:*": ["a", "b", "c"], "y:b": "b" },
	};
	const steps = plan(world, "y:b", "x:1");
	t.is(names(steps), "base a b c");
	t.deepEqual(
		steps.map(({ after }) => after.map(({ module, rival }) => `${module} ${rival ?? ""}`.trim())),
		[[], ["base"], ["a x:1"], ["b x:1"]],
	);
	t.deepEqual(
		levels(steps).map((level) => names(level)),
		["base", "a", "b", "c"],
	);
});

test("a chain of softdeps may be longer than the stack is deep", (t) => {
	const count = 20_000;
	const all = Array.from({ length: count }, (_, number) => `m${number}`);
	const softdeps = new Map(all.slice(1).map((name, place) => [`m${place}`, name]));
	const knowledge = makeWorld({ modules: Object.fromEntries(all.map((name) => [name, []])) });
	const chained: Knowledge = {
		...knowledge,
		softdeps(module) {
			const next = softdeps.get(module);
			return next === undefined
				? []
				: [{ pattern: module, pre: [next], post: [], source: { file: configFile, line: 1 } }];
		},
	};
	const steps = planInsertion(chained, [{ module: "m0", cause: { kind: "name" } }]);
	t.is(steps.length, count);
	t.is(steps[0]?.module, `m${count - 1}`);
	t.is(levels(steps).length, count);
});
