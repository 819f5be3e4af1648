// What holds of every comparison, over worlds that nobody would write by hand.
import test from "ava";
import type { Both } from "../../../src/agent/comparing/answers.js";
import { compareSides, type SidesCompared } from "../../../src/agent/comparing/comparison.js";
import { planSide, withLoaded } from "../../../src/agent/comparing/side-plan.js";
import { answerAll, type Side } from "../../../src/agent/comparing/sides.js";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import { findMaskedNeed } from "../../../src/agent/telling/device-rows.js";
import { isMasked, planDryRun } from "../../../src/agent/telling/dry-run.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";
import type { PresentDevice } from "../../../src/ports/devices.js";
import { makeSide } from "../../support/worlds/compared-sides.js";
import { type Random, seededRandom } from "../../support/worlds/random-numbers.js";
import { randomWorld } from "../../support/worlds/random-world.js";

const ROUNDS = 150;

function randomDevices(random: Random): Readonly<Record<string, readonly string[]>> {
	const alias = () => `hp:hp_m${random.below(11)}-${random.pick(["x", "y1"])}`;
	const all = Array.from({ length: random.below(9) }, (_, n) => {
		const aliases = Array.from({ length: random.below(4) }, () => (random.below(5) === 0 ? "hp_b0" : alias()));
		return [`d${random.below(2) === 0 ? n : n + 20}`, [...new Set(aliases)]] as const;
	});
	return Object.fromEntries(all);
}

const randomRules = (random: Random): string =>
	random.pick([
		"",
		"",
		`[[deny]]\nmodule = "hp_m${random.below(9)}"`,
		`[[allow]]\ndevpath = "*/d1"\nmodule = "hp_m1"`,
		`[[ignore]]\ndevpath = "*/d${random.below(9)}"`,
		`[[mask]]\nmodule = "hp_m${random.below(9)}"`,
		`[[load]]\ndevpath = "*/d${random.below(9)}"\nload = "hp_m${random.below(9)}"`,
	]);

const randomSide = (random: Random, name: string, devices: Parameters<typeof makeSide>[0]["devices"]): Side =>
	makeSide({ name, world: randomWorld(random), devices: devices ?? {}, rules: randomRules(random) });

function randomSides(random: Random): Both<Side> {
	const devices = randomDevices(random);
	return {
		a: randomSide(random, "A", devices),
		b: randomSide(random, "B", random.below(2) === 0 ? devices : randomDevices(random)),
	};
}

test("a side compared with itself has no change, nor one with a side that is read anew", (t) => {
	const random = seededRandom(t);
	for (let round = 0; round < ROUNDS; round++) {
		const { a } = randomSides(random);
		const { changes, modules } = compareSides({ a, b: a });
		t.deepEqual([changes, modules], [[], []]);
	}
});

/** The changes the other way round: what is gained is lost. */
function mirror({ changes, modules, devices, alone, loaded }: SidesCompared): unknown {
	const words: Readonly<Record<string, string>> = {
		...{ loses: "gains", gains: "loses", lost: "gained", gained: "lost" },
		...{ "built in": "as a file", "as a file": "built in" },
	};
	const swap = <Thing>({ a, b }: { a?: Thing; b?: Thing }) => ({ a: b, b: a });
	const absences = (all: SidesCompared["changes"][number]["lost"]) =>
		all.map((one) => ({ ...one, because: { ...one.because, side: one.because.side === "a" ? "b" : "a" } }));
	return {
		changes: changes.map((one) => ({
			change: words[one.change] ?? one.change,
			...swap(one),
			before: one.after,
			after: one.before,
			lost: absences(one.gained),
			gained: absences(one.lost),
		})),
		modules: modules.map(({ module, change, before, after, devices: number }) => ({
			module,
			change: words[change] ?? change,
			before: after,
			after: before,
			devices: number,
		})),
		...{ devices: swap(devices), alone: swap(alone), loaded: swap(loaded) },
	};
}

const plainly = ({ changes, modules, devices, alone, loaded }: SidesCompared): unknown => ({
	changes: changes.map(({ change, a, b, before, after, lost, gained }) => ({
		change,
		a,
		b,
		before,
		after,
		lost,
		gained,
	})),
	modules: modules.map(({ module, change, before, after, devices: number }) => ({
		...{ module, change, before, after, devices: number },
	})),
	...{ devices, alone, loaded },
});

/** Both orders have the same elements. */
const inOneOrder = (value: unknown): unknown =>
	JSON.parse(JSON.stringify(value), (_, item) =>
		Array.isArray(item) ? item.toSorted((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1)) : item,
	);

test("compared the other way round, all that is gained is lost, for the same causes", (t) => {
	const random = seededRandom(t);
	let changed = 0;
	for (let round = 0; round < ROUNDS; round++) {
		const { a, b } = randomSides(random);
		const there = compareSides({ a, b });
		const back = compareSides({ a: b, b: a });
		changed += there.changes.length;
		t.deepEqual(inOneOrder(plainly(back)), inOneOrder(mirror(there)));
	}
	t.true(changed > ROUNDS, `only ${changed} changes`);
});

/** The modules that a dry run would load for devices, by what the dry run itself says of its steps. */
function dryRunModules({ knowledge, policy }: Side, devices: readonly PresentDevice[]): ReadonlySet<string> {
	const plan = [...planDryRun(knowledge, devices, new Set(), policy)].flatMap((batch) => batch.plan);
	const steps = new Map(plan.map((step) => [step.module, step]));
	const isLoaded = (step: Step): boolean =>
		!isMasked(step) && step.how !== "missing" && step.how !== "builtin" && findMaskedNeed(step, steps) === undefined;
	return new Set(plan.filter(isLoaded).map(({ module }) => module));
}

const without = (all: ReadonlySet<string>, others: ReadonlySet<string>): readonly string[] =>
	[...all].filter((one) => !others.has(one)).toSorted();

test("the modules that are lost and gained are the difference of the two dry runs", (t) => {
	const random = seededRandom(t);
	let differing = 0;
	for (let round = 0; round < ROUNDS; round++) {
		const { a, b } = randomSides(random);
		const { modules, loaded } = compareSides({ a, b });
		const [before, after] = [dryRunModules(a, a.devices), dryRunModules(b, b.devices)];
		const having = (...words: readonly string[]) =>
			modules.filter(({ change }) => words.includes(change)).map(({ module }) => module);
		t.deepEqual(having("lost", "built in").toSorted(), without(before, after));
		t.deepEqual(having("gained", "as a file").toSorted(), without(after, before));
		t.deepEqual(loaded, { a: before.size, b: after.size });
		differing += without(before, after).length;
	}
	t.true(differing > ROUNDS, `only ${differing} modules`);
});

test("the modules of a device are those that match its aliases and that the dry run of all devices loads, and built-in ones", (t) => {
	const random = seededRandom(t);
	for (let round = 0; round < ROUNDS; round++) {
		const { a } = randomSides(random);
		const plan = planSide(a);
		const loaded = dryRunModules(a, a.devices);
		const decide = makeDecider(a.knowledge, { ...a.policy, ignore: [] });
		for (const [at, answered] of answerAll(a).entries()) {
			const asked = decide(a.devices[at]!).flatMap(({ matches }) => matches.map(({ found }) => found.module));
			const expected = asked.filter((module) => loaded.has(module) || a.knowledge.isBuiltin(module));
			const { serving } = withLoaded(answered, plan).answer;
			t.deepEqual(serving.map(({ module }) => module).toSorted(), [...new Set(expected)].toSorted());
		}
	}
});
