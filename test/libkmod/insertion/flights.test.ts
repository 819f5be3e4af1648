// A probe, insert() and inserters share one kernel at the same time: each module is begun once, and every caller gets its
// outcome.
import test from "ava";
import { flightsOf } from "../../../src/libkmod/insertion/flights.js";
import { type Flight, type InserterOptions, makeInserter } from "../../../src/libkmod/insertion/inserter.js";
import { type Kernel, type ModuleFiles, Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { LogEntry } from "../../../src/libkmod/kmod/context.js";
import { openKmod } from "../../../src/libkmod/kmod/kmod.js";
import { planInsertion } from "../../../src/libkmod/planning/plan-insertion.js";
import { type FakeKernelOptions, heard, makeFakeKernel } from "../../support/fakes/fake-kernel.js";
import { moduleDirectory, type World, worldFiles } from "../../support/worlds/world.js";

type Given = FakeKernelOptions & Partial<Omit<InserterOptions, "kernel">>;

function setUp(world: World, { parallel = 16, hungMilliseconds, ...options }: Given = {}) {
	const fake = makeFakeKernel({ files: worldFiles(world), held: true, ...options });
	const machine: Kernel & ModuleFiles = {
		...fake,
		read(path) {
			const [, module] = /^\/sys\/module\/(\w+)\/initstate$/.exec(path) ?? [];
			return module !== undefined && fake.live.has(module) ? Buffer.from("live\n") : fake.read(path);
		},
	};
	const logged: LogEntry[] = [];
	const kmod = openKmod(machine, { log: (entry) => logged.push(entry) });
	const makeOne = () =>
		makeInserter({ kernel: machine, parallel, ...(hungMilliseconds !== undefined && { hungMilliseconds }) });
	const inserter = makeOne();
	const plan = (...names: readonly string[]) =>
		planInsertion(
			kmod.knowledge(),
			names.map((module) => ({ module, cause: { kind: "name" } })),
		);
	const carryOut = (...names: readonly string[]) => inserter.carryOut(plan(...names));
	return { kernel: fake, machine, kmod, inserter, carryOut, plan, makeOne, logged };
}

const tell = async (flights: readonly Flight[]): Promise<string> =>
	(await Promise.all(flights.map(({ outcome }) => outcome)))
		.map(({ step, result }) => `${step.module} ${result}`)
		.join(", ");

const chain: World = { modules: { base: [], middle: ["base"], top: ["middle"] } };
const insmod = (name: string) => `insmod ${moduleDirectory}/kernel/${name}.ko`;

test("an inserter joins what a probe has in flight, and no module is begun twice", async (t) => {
	const { kernel, kmod, carryOut } = setUp(chain);
	const probe = kmod.probe("top");
	await heard();
	const flights = carryOut("top");
	for (const name of ["base", "middle", "top"]) {
		await heard();
		t.deepEqual(kernel.underway(), [name]);
		await kernel.end(name);
	}
	t.is(await tell(flights), "base inserted, middle inserted, top inserted");
	t.deepEqual(
		(await probe).steps.map(({ module }) => module),
		["base", "middle", "top"],
	);
	t.deepEqual(kernel.begun, [insmod("base"), insmod("middle"), insmod("top")]);
});

test("a probe joins what an inserter has in flight, and no module is begun twice", async (t) => {
	const { kernel, kmod, carryOut } = setUp(chain);
	const flights = carryOut("top");
	await heard();
	const probe = kmod.probe("top");
	for (const name of ["base", "middle", "top"]) {
		await heard();
		t.deepEqual(kernel.underway(), [name]);
		await kernel.end(name);
	}
	t.is(await tell(flights), "base inserted, middle inserted, top inserted");
	await probe;
	t.deepEqual(kernel.begun, [insmod("base"), insmod("middle"), insmod("top")]);
});

test("insert() joins an inserter, as it joins a probe, and says that others were at it", async (t) => {
	const { kernel, kmod, carryOut } = setUp(chain);
	const flights = carryOut("base");
	await heard();
	const insertion = kmod.insert("base");
	await kernel.end("base");
	await t.throwsAsync(insertion, { name: "AlreadyLoaded" });
	t.is(await tell(flights), "base inserted");
	t.deepEqual(kernel.begun, [insmod("base")]);
});

test("an inserter joins insert()", async (t) => {
	const { kernel, kmod, carryOut } = setUp(chain);
	const insertion = kmod.insert("base");
	const flights = carryOut("base");
	await heard();
	await kernel.end("base");
	await insertion;
	t.is(await tell(flights), "base inserted");
	t.deepEqual(kernel.begun, [insmod("base")]);
});

test("two inserters over one kernel begin a module once", async (t) => {
	const { kernel, makeOne, plan } = setUp(chain);
	const both = [makeOne().carryOut(plan("top")), makeOne().carryOut(plan("top"))];
	for (const name of ["base", "middle", "top"]) {
		await heard();
		await kernel.end(name);
	}
	for (const flights of both) t.is(await tell(flights), "base inserted, middle inserted, top inserted");
	t.is(kernel.begun.length, 3);
});

test("what waits for a permit while a probe begins it has the probe's outcome, and asks for no permit any more", async (t) => {
	const { kernel, kmod, inserter, carryOut } = setUp({ modules: { busy: [], wanted: [], next: [] } }, { parallel: 1 });
	carryOut("busy");
	await heard();
	const flights = carryOut("wanted", "next");
	await heard();
	const probe = kmod.probe("wanted");
	await kernel.end("wanted");
	await probe;
	t.is(await tell(flights.slice(0, 1)), "wanted inserted");
	t.deepEqual([inserter.inFlight(), inserter.busy()], [2, 2]);
	await kernel.end("busy");
	await heard();
	t.deepEqual(kernel.underway(), ["next"]);
	await kernel.end("next");
	t.deepEqual(kernel.begun, [insmod("busy"), insmod("wanted"), insmod("next")]);
	t.deepEqual([inserter.inFlight(), inserter.busy()], [0, 0]);
});

test("an install command is run once for both, and its failure is an error to one and an outcome to the other", async (t) => {
	const { kernel, kmod, carryOut, logged } = setUp(
		{ modules: { base: [] }, config: "install base exit 3\n" },
		{ statuses: { base: 3 } },
	);
	const flights = carryOut("base");
	await heard();
	const probe = kmod.probe("base");
	await kernel.end("base");
	await t.throwsAsync(probe, {
		name: "CommandFailure",
		message: "Error running install command 'exit 3' for module base: retcode 3",
	});
	const [outcome] = await Promise.all(flights.map((flight) => flight.outcome));
	t.like(outcome, { result: "failed", exitStatus: 3, reason: undefined });
	t.is(kernel.begun.length, 1);
	t.deepEqual(logged, []);
});

test("a refusal reaches both, whoever asked first", async (t) => {
	for (const first of ["probe", "inserter"]) {
		const { kernel, kmod, carryOut } = setUp(chain);
		const early = first === "inserter" ? carryOut("top") : [];
		await heard();
		const probe = kmod.probe("top");
		const flights = first === "inserter" ? early : carryOut("top");
		await heard();
		await kernel.end("base", "ENODEV");
		t.is((await t.throwsAsync(probe, { instanceOf: Refusal })).code, "ENODEV");
		t.is(await tell(flights), "base no device, middle blocked, top blocked");
		t.deepEqual(kernel.begun, [insmod("base")]);
	}
});

test("what a probe has in flight hangs for an inserter that joined it, as its own does", async (t) => {
	const { kernel, kmod, inserter, carryOut } = setUp(
		{ modules: { slow: [], other: [] } },
		{ parallel: 1, hungMilliseconds: 10 },
	);
	const probe = kmod.probe("slow");
	const flights = carryOut("slow", "other");
	while (!kernel.underway().includes("other")) await new Promise((resolve) => setTimeout(resolve, 1));
	t.is(inserter.running().find(({ module }) => module === "slow")?.hung, true);
	await kernel.end("other");
	await kernel.end("slow");
	await probe;
	t.is(await tell(flights), "slow inserted, other inserted");
});

test("a probe of what has no file is told so while an inserter that knows of a file waits for its turn, and that goes on", async (t) => {
	const { kernel, machine, carryOut } = setUp({ modules: { busy: [], wanted: [] } }, { parallel: 1 });
	const flights = carryOut("busy", "wanted");
	await heard();
	const elsewhere = openKmod(machine, { moduleDirectory: "/nowhere" });
	await t.throwsAsync(elsewhere.probe({ name: "wanted" }), { name: "NoModuleFile" });
	await kernel.end("busy");
	await heard();
	await kernel.end("wanted");
	t.is(await tell(flights), "busy inserted, wanted inserted");
});

test("each kernel has one table of flights, and no two have the same", (t) => {
	const [one, other] = [makeFakeKernel(), makeFakeKernel()];
	t.is(flightsOf(one), flightsOf(one));
	t.not(flightsOf(one), flightsOf(other));
});

test("whoever stops listening for a module is not told of it", async (t) => {
	const flights = flightsOf(makeFakeKernel());
	const told: string[] = [];
	const stopped = flights.listen("a", () => told.push("stopped"));
	flights.listen("a", ({ result }) => told.push(result));
	stopped();
	await flights.begin("a", async () => ({ result: "inserted" })).answer;
	await flights.begin("a", async () => ({ result: "live", reason: new Error("again") })).answer;
	t.deepEqual(told, ["inserted"]);
});
