import test from "ava";
import { NEVER, type SchedulerLike, Subject, VirtualTimeScheduler } from "rxjs";
import { makeAttempts } from "../../../src/agent/decisions/attempts.js";
import { type BackOff, makeBackOff, noBackOff } from "../../../src/agent/decisions/back-off.js";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import { makeBatchInsertion } from "../../../src/agent/pipeline/batch-insertion.js";
import { monotonicScheduler } from "../../../src/agent/pipeline/monotonic-scheduler.js";
import { type OpenEvidence, OutcomeEvidence } from "../../../src/agent/pipeline/outcome-evidence.js";
import type { Report } from "../../../src/agent/telling/report.js";
import type { Evidence } from "../../../src/libkmod/evidence/evidence.js";
import { makeInserter } from "../../../src/libkmod/insertion/inserter.js";
import { type Outcome, rootOf } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { type FakeKernelOptions, heard, makeFakeKernel } from "../../support/fakes/fake-kernel.js";
import { makeWorld, type World } from "../../support/worlds/world.js";

const world: World = {
	modules: { card: ["base"], base: [], lone: [] },
	aliases: { "x:card": "card", "x:base": "base", "x:lone": "lone" },
};

type Given = FakeKernelOptions & {
	readonly world?: World;
	readonly backOff?: BackOff;
	readonly scheduler?: SchedulerLike;
};

function setUp(options: Given = {}) {
	const knowledge = makeWorld(options.world ?? world);
	const kernel = makeFakeKernel({ held: true, ...options });
	const inserter = makeInserter({ kernel, parallel: 16 });
	const attempts = makeAttempts();
	const decide = makeDecider(knowledge);
	const insertDecided = makeBatchInsertion({
		knowledge: () => knowledge,
		inserter,
		attempts,
		backOff: options.backOff ?? noBackOff,
		listLive: () => kernel.live,
		stop: NEVER,
		scheduler: options.scheduler ?? monotonicScheduler,
	});
	const told: string[] = [];
	const comesUp = async (device: string, ...aliases: readonly string[]): Promise<void> => {
		insertDecided(decide({ devpath: device, aliases })).subscribe((report) => told.push(tell(report)));
		await heard();
	};
	return { kernel, inserter, attempts, told, comesUp };
}

/** Virtual time that only a flush advances, however long the test takes. */
function makeTime() {
	const time = new VirtualTimeScheduler();
	return { time, backOff: makeBackOff(() => time.now()) };
}

function tell(report: Report): string {
	if (report.kind === "batch")
		return `batch ${report.batch.number}: ${report.batch.plan.map(({ module }) => module).join(" ") || "nothing"}`;
	if (report.kind !== "outcome") return report.kind;
	const { step, result } = report.outcome;
	return `${report.batch}: ${step.module} ${result}`;
}

test("a refusal is told with its evidence, to the asker too, and its report says how late it is", async (t) => {
	const knowledge = makeWorld(world);
	const kernel = makeFakeKernel({ answers: { base: "EPERM" } });
	const time = new VirtualTimeScheduler();
	let find: (evidence: Evidence) => void = () => undefined;
	const openEvidence: OpenEvidence = () => () =>
		new Promise((resolve) => {
			find = resolve;
		});
	const evidence = new OutcomeEvidence({ openEvidence, scheduler: time });
	const insertDecided = makeBatchInsertion({
		...{ knowledge: () => knowledge, inserter: makeInserter({ kernel, parallel: 1 }), attempts: makeAttempts() },
		...{ backOff: noBackOff, listLive: () => kernel.live, stop: NEVER, scheduler: time, evidence },
	});
	const asked: Outcome[] = [];
	const reports: Report[] = [];
	const asker = { onPlanned: () => undefined, onSkipped: () => undefined, onOutcome: (it: Outcome) => asked.push(it) };
	const decisions = makeDecider(knowledge)({ devpath: "/1", aliases: ["x:card", "x:lone"] });
	insertDecided(decisions, { asker }).subscribe((report) => reports.push(report));
	while (kernel.live.size === 0) await heard();
	await heard();
	t.deepEqual(
		asked.map(({ step }) => step.module),
		["lone"],
	);
	time.schedule(() => find({ kind: "module_blacklist" }), 30);
	time.maxFrames = 30;
	time.flush();
	await heard();
	const told = reports.flatMap((report) => (report.kind === "outcome" ? [report] : []));
	t.deepEqual(
		told.map(({ outcome, late }) => [outcome.step.module, late, rootOf(outcome).evidence?.kind]),
		[
			["lone", undefined, undefined],
			["base", 30, "module_blacklist"],
			["card", 30, "module_blacklist"],
		],
	);
	t.deepEqual(
		asked,
		told.map(({ outcome }) => outcome),
	);
});

test("outcomes are told with their batch, and each once, by the batch that began it", async (t) => {
	const { kernel, told, comesUp } = setUp();
	await comesUp("/1", "x:base");
	await comesUp("/2", "x:card");
	await comesUp("/3", "x:none");
	await kernel.end("base");
	await kernel.end("card");
	t.deepEqual(told, [
		"batch 1: base",
		"batch 2: base card",
		"batch 3: nothing",
		"1: base inserted",
		"2: card inserted",
	]);
});

test("what was blocked by a driver that had begun before the device came up is tried once more", async (t) => {
	const { kernel, attempts, told, comesUp } = setUp();
	await comesUp("/1", "x:base");
	await comesUp("/2", "x:card");
	await kernel.end("base", "ENODEV");
	t.deepEqual(kernel.underway(), ["base"]);
	await kernel.end("base");
	await kernel.end("card");
	t.deepEqual(told.slice(2), [
		"1: base no device",
		"2: card blocked",
		"batch 3: base card",
		"3: base inserted",
		"3: card inserted",
	]);
	t.false(attempts.has("card", "/2"));
	t.true(attempts.has("base", "/1"));
});

test("once more is once", async (t) => {
	const { kernel, inserter, attempts, told, comesUp } = setUp();
	await comesUp("/1", "x:base");
	await comesUp("/2", "x:card", "x:base");
	await kernel.end("base", "ENODEV");
	await kernel.end("base", "ENODEV");
	t.is(inserter.inFlight(), 0);
	t.is(kernel.begun.length, 2);
	t.is(told.filter((line) => line.endsWith("base no device")).length, 2);
	t.true(attempts.has("card", "/2") && attempts.has("base", "/2"));
	await comesUp("/2", "x:card", "x:base");
	t.is(told.at(-1), "batch 5: nothing");
});

test("what only a softdep had begun, in vain, is tried once more for a device that wants it", async (t) => {
	const { kernel, comesUp, told } = setUp({ world: { ...world, config: "softdep lone pre: base" } });
	await comesUp("/1", "x:lone");
	await comesUp("/2", "x:base");
	await kernel.end("base", "EIO");
	await kernel.end("lone");
	await kernel.end("base");
	t.deepEqual(told.slice(2), ["1: base failed", "batch 3: base", "1: lone inserted", "3: base inserted"]);
});

test("once it is stopped nothing is tried once more", async (t) => {
	const { kernel, inserter, told, comesUp } = setUp();
	await comesUp("/1", "x:base");
	await comesUp("/2", "x:card");
	inserter.stop();
	await kernel.end("base");
	t.deepEqual(told.slice(2), ["1: base inserted", "2: card stopped"]);
	t.is(inserter.inFlight(), 0);
});

test("what is live when a batch is planned is not in it", async (t) => {
	const { kernel, told, comesUp } = setUp({ held: false });
	kernel.live.add("base");
	await comesUp("/1", "x:card", "x:base");
	t.is(told[0], "batch 1: card");
});

const rivals: World = {
	modules: { first: [], second: [], third: [] },
	aliases: { "x:*": ["first", "second", "third"], "y:first": "first" },
};

test("a device that came up late has the first driver tried once more before the second one begins", async (t) => {
	const { kernel, comesUp } = setUp({ world: rivals });
	await comesUp("/1", "y:first");
	await comesUp("/2", "x:2");
	t.deepEqual(kernel.underway(), ["first"]);
	await kernel.end("first", "ENODEV");
	t.deepEqual(kernel.underway(), ["first"]);
	await kernel.end("first");
	t.deepEqual(kernel.underway(), ["second"]);
	await kernel.end("second");
	t.deepEqual(kernel.underway(), ["third"]);
	await kernel.end("third");
});

test("a driver that rests keeps those behind it waiting for its turn, and nobody else", async (t) => {
	const { time, backOff } = makeTime();
	const { kernel, told, comesUp } = setUp({ world: rivals, backOff, scheduler: time });
	await comesUp("/1", "y:first");
	await kernel.end("first", "EIO");
	await comesUp("/2", "x:2");
	t.deepEqual(kernel.underway(), []);
	t.is(told.at(-1), "batch 2: nothing");
	await comesUp("/2", "x:2");
	t.deepEqual(kernel.underway(), []);
	time.flush();
	await heard();
	t.deepEqual(kernel.underway(), ["first"]);
	await kernel.end("first", "EIO");
	t.deepEqual(kernel.underway(), ["second"]);
	await kernel.end("second");
	t.deepEqual(kernel.underway(), ["third"]);
	await kernel.end("third");
	t.is(kernel.begun.length, 4);
});

test("however many devices come up while a driver rests, those of their own that are behind it begin after it", async (t) => {
	const own = Array.from({ length: 300 }, (_, n) => `own${n}`);
	const { time, backOff } = makeTime();
	const { kernel, comesUp } = setUp({
		held: false,
		answers: { first: "EIO" },
		world: {
			modules: { first: [], ...Object.fromEntries(own.map((name) => [name, []])) },
			aliases: { "x:*": "first", ...Object.fromEntries(own.map((name) => [`x:${name}`, name])) },
		},
		backOff,
		scheduler: time,
	});
	await comesUp("/1", "x:1");
	for (const name of own) await comesUp(`/${name}`, `x:${name}`);
	t.is(kernel.begun.length, 1);
	time.flush();
	for (let turn = 0; turn < 100 && kernel.live.size < own.length; turn++) await heard();
	t.is(kernel.live.size, own.length);
	t.is(kernel.begun.length, own.length + 2);
});

test("a driver that was begun for a device keeps those behind it waiting when the device asks for them later", async (t) => {
	const { kernel, told, comesUp } = setUp({
		world: { ...rivals, modules: { ...rivals.modules, lib: [], first: ["lib"] } },
	});
	await comesUp("/1", "y:first");
	await comesUp("/1", "x:1");
	t.deepEqual(kernel.underway(), ["lib"]);
	t.is(told.at(-1), "batch 2: first second third");
	await kernel.end("lib");
	t.deepEqual(kernel.underway(), ["first"]);
	// The device was present from the start, so that one attempt is enough.
	await kernel.end("first", "ENODEV");
	t.deepEqual(kernel.underway(), ["second"]);
	await kernel.end("second");
	t.deepEqual(kernel.underway(), ["third"]);
	await kernel.end("third");
});

test("a driver that was tried for a device keeps those behind it no longer", async (t) => {
	const { kernel, comesUp } = setUp({ world: rivals });
	await comesUp("/1", "y:first");
	await kernel.end("first", "ENODEV");
	await comesUp("/1", "y:first", "x:1");
	t.deepEqual(kernel.underway(), ["second"]);
	await kernel.end("second");
	await kernel.end("third");
});

test("a driver whose file is gone is tried again when other indexes count, and when its device comes again", async (t) => {
	const kernel = makeFakeKernel();
	const gone = new Set(["card"]);
	const attempts = makeAttempts();
	const renewed = new Subject<void>();
	const knowledge = makeWorld(world);
	const insertDecided = makeBatchInsertion({
		knowledge: () => knowledge,
		inserter: makeInserter({
			kernel: {
				...kernel,
				async insert(path, parameters) {
					const name = [...gone].find((module) => path.includes(`/${module}.ko`));
					if (name !== undefined) throw new Refusal({ operation: "open", subject: path, code: "ENOENT" });
					return kernel.insert(path, parameters);
				},
			},
			parallel: 16,
		}),
		attempts,
		backOff: noBackOff,
		listLive: () => kernel.live,
		stop: NEVER,
		scheduler: monotonicScheduler,
		renewed,
		hasFile: () => false,
	});
	const told: string[] = [];
	const comesUp = async (): Promise<void> => {
		insertDecided(makeDecider(knowledge)({ devpath: "/1", aliases: ["x:card"] })).subscribe((report) =>
			told.push(tell(report)),
		);
		for (let turn = 0; turn < 5; turn++) await heard();
	};
	await comesUp();
	await comesUp();
	gone.clear();
	renewed.next();
	for (let turn = 0; turn < 5; turn++) await heard();
	t.deepEqual(told, [
		"batch 1: base card",
		"1: base inserted",
		"1: card failed",
		"batch 2: card",
		"2: card failed",
		"batch 3: card",
		"3: card inserted",
	]);
});
