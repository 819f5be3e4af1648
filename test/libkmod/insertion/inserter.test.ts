import test, { type ExecutionContext } from "ava";
import { type Flight, type InserterOptions, makeInserter } from "../../../src/libkmod/insertion/inserter.js";
import { isMask, isUsable, type Outcome } from "../../../src/libkmod/insertion/outcome.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Knowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import { lookUp } from "../../../src/libkmod/knowledge/lookup.js";
import { byAlias, type Prerequisite, planInsertion, type Step } from "../../../src/libkmod/planning/plan-insertion.js";
import { type FakeKernel, type FakeKernelOptions, heard, makeFakeKernel } from "../../support/fakes/fake-kernel.js";
import { makeWorld, type World } from "../../support/worlds/world.js";

type Given = FakeKernelOptions & Partial<Omit<InserterOptions, "kernel">>;

function setUp(world: World, { parallel = 16, hungMilliseconds, onHung, onStuck, weigh, ...options }: Given = {}) {
	const knowledge = makeWorld(world);
	const kernel = makeFakeKernel(options);
	const inserter = makeInserter({
		kernel,
		parallel,
		...(hungMilliseconds !== undefined && { hungMilliseconds }),
		...(onHung && { onHung }),
		...(onStuck && { onStuck }),
		...(weigh && { weigh }),
		replan: ({ module, after }) =>
			plan(knowledge, ...after.flatMap((one) => (one.hard && !kernel.live.has(one.module) ? [one.module] : []))).filter(
				(step) => step.module !== module,
			),
	});
	const insert = (...names: readonly string[]) => inserter.carryOut(plan(knowledge, ...names));
	const asks = (...names: readonly string[]) => inserter.carryOut(plan(knowledge, ...names), { beyondBound: true });
	return { kernel, inserter, insert, asks };
}

function plan(knowledge: Knowledge, ...names: readonly string[]): readonly Step[] {
	return planInsertion(
		knowledge,
		names.flatMap((name) =>
			lookUp(knowledge, name).map((found) => ({
				module: found.module,
				cause: byAlias(found) ? ({ kind: "alias", alias: name, found } as const) : ({ kind: "name" } as const),
			})),
		),
	);
}

const outcomes = (flights: readonly Flight[]): Promise<readonly Outcome[]> =>
	Promise.all(flights.map(({ outcome }) => outcome));

/** The outcomes as one line, such as "a inserted, b blocked". */
const tell = async (flights: readonly Flight[]): Promise<string> =>
	(await outcomes(flights)).map(({ step, result }) => `${step.module} ${result}`).join(", ");

const free: World = { modules: { a: [], b: [], c: [], d: [] } };
const chain: World = { modules: { top: ["middle"], middle: ["base"], base: [], other: [] } };

test("modules that need nothing of each other are in their init at once", async (t) => {
	const { kernel, inserter, insert } = setUp(free, { held: true });
	insert("a", "b", "c");
	await heard();
	t.deepEqual(kernel.underway(), ["a", "b", "c"]);
	t.deepEqual(
		inserter.running().map(({ module }) => module),
		["a", "b", "c"],
	);
	t.is(inserter.inFlight(), 3);
});

test("what the longest chain waits for is begun first, in one plan and over all", async (t) => {
	const { kernel, insert } = setUp(chain, { held: true, parallel: 1 });
	insert("other", "top");
	await heard();
	t.deepEqual(kernel.underway(), ["base"]);
	await kernel.end("base");
	t.deepEqual(kernel.underway(), ["middle"]);
	await kernel.end("middle");
	t.deepEqual(kernel.underway(), ["other"]);
});

test("what weighs more goes before chains that are shorter than it weighs", async (t) => {
	const { kernel, insert } = setUp(chain, {
		held: true,
		parallel: 1,
		weigh: ({ module }) => (module === "other" ? 3 : 0),
	});
	insert("top", "other");
	await heard();
	t.deepEqual(kernel.underway(), ["other"]);
});

test("what hangs gives up its place and its turn to keep others waiting, and is left to end", async (t) => {
	const hung: string[] = [];
	const onHung = ({ module }: Step) => void hung.push(module);
	const { kernel, inserter, insert } = setUp(free, { held: true, parallel: 1, hungMilliseconds: 5, onHung });
	const flights = insert("a", "b");
	while (kernel.underway().length < 2) await heard();
	t.is(hung[0], "a");
	t.deepEqual(kernel.underway(), ["a", "b"]);
	t.like(inserter.running()[0], { module: "a", hung: true });
	await kernel.end("b");
	t.is(inserter.busy(), 0);
	t.is(inserter.inFlight(), 1);
	await kernel.end("a");
	t.is(await tell(flights), "a inserted, b inserted");
	t.is(inserter.inFlight(), 0);
});

test("what waits for a hung module alone does not count as busy", async (t) => {
	const { kernel, inserter, insert } = setUp(chain, { held: true, hungMilliseconds: 5 });
	insert("top");
	while (inserter.running()[0]?.hung !== true) await heard();
	t.is(inserter.busy(), 0);
	t.is(inserter.inFlight(), 3);
	await kernel.end("base");
	await kernel.end("middle");
	await kernel.end("top");
});

test("what must not wait for a place goes on beyond the bound, with all that it needs, joined or not", async (t) => {
	const knowledge = makeWorld(chain);
	const kernel = makeFakeKernel({ held: true });
	const inserter = makeInserter({ kernel, parallel: 1 });
	inserter.carryOut(plan(knowledge, "other"));
	await heard();
	inserter.carryOut(plan(knowledge, "top"));
	await heard();
	t.deepEqual(kernel.underway(), ["other"]);
	inserter.carryOut(plan(knowledge, "top"), { beyondBound: true });
	await heard();
	t.deepEqual(kernel.underway(), ["other", "base"]);
	await kernel.end("base");
	t.deepEqual(kernel.underway(), ["other", "middle"]);
	await kernel.end("middle");
	t.deepEqual(kernel.underway(), ["other", "top"]);
	await kernel.end("top");
	inserter.carryOut(plan(knowledge, "middle"));
	await heard();
	t.deepEqual(kernel.underway(), ["other"]);
	await kernel.end("other");
});

test("no more than the bound are in their init, over all plans, and each that ends lets the next begin", async (t) => {
	const { kernel, inserter, insert } = setUp(free, { held: true, parallel: 2 });
	insert("a", "b", "c");
	insert("d");
	await heard();
	t.deepEqual(kernel.underway(), ["a", "b"]);
	t.is(inserter.inFlight(), 4);
	await kernel.end("b");
	t.deepEqual(kernel.underway(), ["a", "c"]);
	await kernel.end("c", "ENODEV");
	t.deepEqual(kernel.underway(), ["a", "d"]);
	await kernel.end("a");
	await kernel.end("d");
	t.is(inserter.inFlight(), 0);
});

test("a module begins when what it needs has ended", async (t) => {
	const { kernel, insert } = setUp(chain, { held: true });
	const flights = insert("top", "other");
	await heard();
	t.deepEqual(kernel.underway(), ["base", "other"]);
	await kernel.end("base");
	t.deepEqual(kernel.underway(), ["other", "middle"]);
	await kernel.end("middle");
	await kernel.end("top");
	await kernel.end("other");
	t.is(await tell(flights), "base inserted, middle inserted, top inserted, other inserted");
});

test("who waits for what it needs takes no place from others", async (t) => {
	const { kernel, insert } = setUp(chain, { held: true, parallel: 2 });
	insert("top");
	insert("other");
	await heard();
	t.deepEqual(kernel.underway(), ["base", "other"]);
});

test("what fails blocks those that need it, which all name it as their cause", async (t) => {
	const { kernel, insert } = setUp(chain, { answers: { base: "ENODEV" } });
	const [base, middle, top, other] = await outcomes(insert("top", "other"));
	t.like(base, { result: "no device", reason: { code: "ENODEV" } });
	t.like(middle, { result: "blocked", because: base });
	t.like(top, { result: "blocked", because: base });
	t.like(other, { result: "inserted" });
	t.is(kernel.begun.length, 2);
});

test("a softdep that fails keeps nobody out", async (t) => {
	const { kernel, insert } = setUp(
		{ modules: { a: [], before: [], behind: [] }, config: "softdep a pre: before post: behind" },
		{ held: true },
	);
	const flights = insert("a");
	await heard();
	t.deepEqual(kernel.underway(), ["before"]);
	await kernel.end("before", "EIO");
	t.deepEqual(kernel.underway(), ["a"]);
	await kernel.end("a");
	await kernel.end("behind", "EIO");
	t.is(await tell(flights), "before failed, a inserted, behind failed");
	t.deepEqual(
		(await outcomes(flights)).map(({ step }) => step.required),
		[false, true, false],
	);
});

const answered = test.macro({
	async exec(t, code: string, result: Outcome["result"]) {
		const { insert } = setUp(free, { answers: { a: code } });
		t.is(await tell(insert("a")), `a ${result}`);
	},
	title: (_, code, result) => `${code} from an insertion means "${result}"`,
});

test(answered, "EEXIST", "live");
test(answered, "ENODEV", "no device");
test(answered, "ENXIO", "no device");
test(answered, "ENOEXEC", "failed");
test(answered, "EPERM", "failed");

for (const code of ["EEXIST", "ENODEV", "ENXIO"])
	test(`${code} from opening the module's file is no answer of its init`, async (t) => {
		const { kernel } = setUp(free);
		const insert = async () => Promise.reject(new Refusal({ operation: "open", subject: "/a.ko", code, errno: 1 }));
		const inserter = makeInserter({ kernel: { ...kernel, insert }, parallel: 16 });
		const [outcome] = await outcomes(inserter.carryOut(plan(makeWorld(free), "a")));
		t.is(outcome?.result, "failed");
	});

test("whatever else an insertion throws is a failure with that reason", async (t) => {
	const kernel = {
		...makeFakeKernel(),
		async insert() {
			throw "no error at all";
		},
	};
	const [flight] = makeInserter({ kernel, parallel: 1 }).carryOut(plan(makeWorld(free), "a"));
	t.like(await flight?.outcome, { result: "failed", reason: { message: "no error at all" } });
});

test("what is live already counts as there for those that need it", async (t) => {
	const { insert } = setUp(chain, { answers: { base: "EEXIST", middle: "EEXIST" } });
	t.is(await tell(insert("top")), "base live, middle live, top inserted");
});

test("a module without a file is missing, and blocks those that need it", async (t) => {
	const { kernel, insert } = setUp({ modules: { a: ["gone"] } });
	t.is(await tell(insert("a")), "gone missing, a blocked");
	t.deepEqual(kernel.begun, []);
});

test("what is built in needs nothing", async (t) => {
	const { kernel, insert } = setUp({ modules: { a: ["built"] }, builtin: ["built"] });
	t.is(await tell(insert("a")), "built builtin, a inserted");
	t.is(kernel.begun.length, 1);
});

const masked = test.macro({
	async exec(t, command: string, expected: string) {
		const { kernel, insert } = setUp({ ...chain, config: `install base ${command}` });
		t.is(await tell(insert("top")), expected);
		t.false(kernel.begun.some((line) => line.includes(command.trim())));
	},
	title: (_, command) => `install base "${command}" is not run, and says whether others can go on`,
});

test(masked, "/bin/true", "base masked, middle inserted, top inserted");
test(masked, "/bin/false", "base masked, middle blocked, top blocked");
test(masked, "/usr/bin/false", "base masked, middle blocked, top blocked");
test(masked, "false  ", "base masked, middle blocked, top blocked");
test(masked, "true", "base masked, middle inserted, top inserted");

test("only true and false themselves are masks", (t) => {
	for (const command of ["/bin/true", "/usr/bin/true", "true", " false ", "/bin/false", "/usr/bin/false"])
		t.true(isMask(command));
	for (const command of ["/bin/truer", "/sbin/true", "true x", "! false", "false;", "", "/bin/sh -c true"])
		t.false(isMask(command));
});

test("what is masked waits for no place", async (t) => {
	const { insert } = setUp({ ...free, config: "install b /bin/false" }, { held: true, parallel: 1 });
	const [, b] = insert("a", "b");
	t.is((await b?.outcome)?.result, "masked");
});

test("an install command is given the options and the module's name", async (t) => {
	const { kernel, insert } = setUp({
		...free,
		config: "options a x=1 y=$&\ninstall a modprobe -i a $CMDLINE_OPTS; echo $CMDLINE_OPTS",
	});
	t.is(await tell(insert("a")), "a ran");
	t.deepEqual(kernel.begun, ["MODPROBE_MODULE=a modprobe -i a x=1 y=$&; echo x=1 y=$&"]);
});

test("an install command that fails is a failure with its status, and takes a place while it runs", async (t) => {
	const { kernel, insert } = setUp(
		{ ...free, config: "install a fail" },
		{ held: true, parallel: 1, statuses: { a: 7 } },
	);
	const flights = insert("a", "b");
	await heard();
	t.deepEqual(kernel.underway(), ["a"]);
	await kernel.end("a");
	await kernel.end("b");
	const [a] = await outcomes(flights);
	t.like(a, { result: "failed", exitStatus: 7 });
});

test("an install command that cannot be run is a failure with its reason", async (t) => {
	const { insert } = setUp({ ...free, config: "install a fail" }, { answers: { a: "EAGAIN" } });
	t.like((await outcomes(insert("a")))[0], { result: "failed", reason: { code: "EAGAIN" } });
});

test("two plans that want one module begin it once", async (t) => {
	const { kernel, insert } = setUp(chain, { held: true });
	const first = insert("middle");
	const second = insert("top");
	t.deepEqual(
		first.map(({ joined }) => joined),
		[false, false],
	);
	t.deepEqual(
		second.map(({ joined }) => joined),
		[true, true, false],
	);
	await heard();
	await kernel.end("base");
	await kernel.end("middle");
	await kernel.end("top");
	t.is(await tell(second), "base inserted, middle inserted, top inserted");
	t.is(kernel.begun.length, 3);
	t.is(await second[1]?.outcome, await first[1]?.outcome);
});

test("a failure reaches all plans that joined it", async (t) => {
	const { kernel, insert } = setUp(chain, { held: true });
	const first = insert("base");
	const second = insert("top");
	await heard();
	await kernel.end("base", "EIO");
	t.is(await tell(first), "base failed");
	t.is(await tell(second), "base failed, middle blocked, top blocked");
});

test("a module that was wanted by a softdep alone is required once a plan joins that needs it", async (t) => {
	const { kernel, insert } = setUp({ modules: { a: [], b: [] }, config: "softdep a pre: b" }, { held: true });
	const [soft] = insert("a");
	insert("b");
	await heard();
	await kernel.end("b", "EIO");
	t.like(await soft?.outcome, { step: { module: "b", required: true }, result: "failed" });
	await kernel.end("a");
	const [again] = insert("b");
	await heard();
	await kernel.end("b");
	t.like(await again?.outcome, { result: "inserted" });
});

test("what has ended is begun again when it is wanted again", async (t) => {
	const { kernel, insert } = setUp(free, { answers: { a: "ENODEV" } });
	t.is(await tell(insert("a")), "a no device");
	t.is(await tell(insert("a")), "a no device");
	t.is(kernel.begun.length, 2);
});

test("stopped, it awaits what runs and begins nothing more", async (t) => {
	const { kernel, inserter, insert } = setUp(
		{ modules: { ...chain.modules, ...free.modules } },
		{ held: true, parallel: 2 },
	);
	const first = insert("top", "other", "a");
	const second = insert("b");
	await heard();
	t.deepEqual(kernel.underway(), ["base", "other"]);
	inserter.stop();
	await heard();
	t.deepEqual(
		inserter.running().map(({ module }) => module),
		["base", "other"],
	);
	t.is(await tell([first[4]!, ...second]), "a stopped, b stopped");
	t.is(await tell(insert("c")), "c stopped");
	await kernel.end("base");
	await kernel.end("other", "ENODEV");
	t.is(await tell(first), "base inserted, middle stopped, top stopped, other no device, a stopped");
	t.is(inserter.inFlight(), 0);
	t.is(kernel.begun.length, 2);
});

test("stopping twice, or with nothing under way, is harmless", async (t) => {
	const { inserter, insert } = setUp(free);
	inserter.stop();
	inserter.stop();
	t.is(await tell(insert("a", "b")), "a stopped, b stopped");
});

test("what is usable is what others can build on", (t) => {
	const step = {
		module: "a",
		how: "builtin",
		parameters: "",
		required: true,
		after: [],
		cause: { kind: "name" },
	} as const;
	const usable = (["inserted", "live", "builtin", "ran"] as const).every((result) =>
		isUsable({ step, result, milliseconds: 0 }),
	);
	t.true(usable);
	for (const result of ["no device", "failed", "missing", "blocked", "stopped", "masked"] as const)
		t.false(isUsable({ step, result, milliseconds: 0 }));
});

const rivals: World = {
	modules: { a: [], b: [], c: [], d: [], n: ["b"] },
	aliases: { "x:ab": ["a", "b"], "x:abc": ["a", "b", "c"], "x:ba": ["b", "a"], "x:bd": ["b", "d"], "x:ca": ["c", "a"] },
};

test("modules that match one alias begin one after the other, however each ends, and others beside them", async (t) => {
	const { kernel, insert } = setUp(rivals, { held: true });
	const flights = insert("x:abc", "d");
	await heard();
	t.deepEqual(kernel.underway(), ["a", "d"]);
	await kernel.end("a", "ENODEV");
	t.deepEqual(kernel.underway(), ["d", "b"]);
	await kernel.end("b", "EIO");
	t.deepEqual(kernel.underway(), ["d", "c"]);
	await kernel.end("c");
	await kernel.end("d");
	t.is(await tell(flights), "a no device, b failed, c inserted, d inserted");
});

test("an order that a later plan knows of holds for what has not begun, and what has is left alone", async (t) => {
	const { kernel, insert } = setUp(rivals, { held: true, parallel: 1 });
	insert("d", "b");
	await heard();
	insert("x:ab");
	await kernel.end("d");
	t.deepEqual(kernel.underway(), ["a"]);
	await kernel.end("a");
	t.deepEqual(kernel.underway(), ["b"]);
	insert("x:ab");
	await heard();
	t.deepEqual(kernel.underway(), ["b"]);
	await kernel.end("b");
	t.deepEqual(kernel.underway(), ["a"]);
});

test("a rival that is in flight already is waited for by another plan's", async (t) => {
	const { kernel, insert } = setUp(rivals, { held: true });
	insert("a");
	await heard();
	insert("x:ab");
	await heard();
	t.deepEqual(kernel.underway(), ["a"]);
	await kernel.end("a", "ENODEV");
	t.deepEqual(kernel.underway(), ["b"]);
});

test("where two plans order a pair both ways, the earlier one counts, and nobody waits in a circle", async (t) => {
	const { kernel, insert } = setUp(rivals, { held: true, parallel: 1 });
	insert("d");
	await heard();
	const flights = [...insert("x:ab"), ...insert("x:bd"), ...insert("x:ba"), ...insert("x:abc"), ...insert("x:ca")];
	await heard();
	for (const module of ["d", "a", "b", "c"]) {
		t.deepEqual(kernel.underway(), [module]);
		await kernel.end(module);
	}
	t.is((await outcomes(flights)).filter(({ result }) => result === "inserted").length, flights.length);
});

test("a rival of what hangs waits and is named, with what needs it, and keeps nothing from being settled", async (t) => {
	const told: string[] = [];
	const onStuck = ({ module }: Step, behind: string) => void told.push(`${module} behind ${behind}`);
	const { kernel, inserter, insert } = setUp(rivals, { held: true, hungMilliseconds: 5, onStuck });
	insert("x:ab", "n");
	while (inserter.running()[0]?.hung !== true) await heard();
	t.deepEqual(told, ["b behind a", "n behind a"]);
	t.is(inserter.busy(), 0);
	insert("x:abc");
	await heard();
	t.deepEqual(told.slice(2), ["c behind a"]);
	t.deepEqual(
		inserter
			.stuck()
			.map(({ module, behind }) => `${module} behind ${behind}`)
			.sort(),
		[...told].sort(),
	);
	t.deepEqual(kernel.underway(), ["a"]);
	await kernel.end("a");
	// On a busy machine b may count as hung by now.
	t.false(inserter.stuck().some(({ module, behind }) => module === "b" || behind === "a"));
	t.deepEqual(kernel.underway(), ["b"]);
	await kernel.end("b");
	t.deepEqual(kernel.underway().toSorted(), ["c", "n"]);
	await kernel.end("c");
	await kernel.end("n");
	t.is(inserter.inFlight(), 0);
});

const soft: World = {
	modules: { a: [], b: [], user: ["a"], z: [] },
	config: "softdep b pre: a\nsoftdep z pre: user",
};

test("a softdep that hangs counts as tried, and so does one that waits for what hangs", async (t) => {
	const { kernel, inserter, insert } = setUp(soft, { held: true, hungMilliseconds: 5 });
	insert("b", "z");
	while (kernel.underway().length < 3) await heard();
	t.deepEqual(kernel.underway(), ["a", "b", "z"]);
	t.deepEqual(inserter.stuck(), [{ module: "user", behind: "a" }]);
	await kernel.end("b");
	await kernel.end("z");
	t.is(inserter.busy(), 0);
	insert("b");
	await heard();
	t.deepEqual(kernel.underway(), ["a", "b"]);
	await kernel.end("b");
	await kernel.end("a");
	await kernel.end("user");
	t.is(inserter.inFlight(), 0);
});

test("a request of the kernel waits for no rival that has begun: its init may be what asks", async (t) => {
	const { kernel, insert, asks } = setUp(rivals, { held: true });
	insert("x:abc");
	await heard();
	t.deepEqual(kernel.underway(), ["a"]);
	asks("x:ab");
	await heard();
	t.deepEqual(kernel.underway(), ["a", "b"]);
	await kernel.end("b");
	t.deepEqual(kernel.underway(), ["a"], "the third one still waits for the first");
	await kernel.end("a");
	t.deepEqual(kernel.underway(), ["c"]);
});

test("and for rivals that have not begun as ever", async (t) => {
	const { kernel, asks } = setUp(rivals, { held: true });
	asks("x:ab");
	await heard();
	t.deepEqual(kernel.underway(), ["a"]);
	asks("x:ab");
	await heard();
	t.deepEqual(kernel.underway(), ["a", "b"]);
});

const softly: World = {
	modules: { x: [], before: [], behind: [], through: ["x"], y: [] },
	config: "softdep x pre: before post: behind\nsoftdep y pre: through",
};

test("a request of the kernel waits for no softdep before or behind that has begun, nor for what waits for such a one", async (t) => {
	const { kernel, insert, asks } = setUp(softly, { held: true });
	insert("x");
	await heard();
	t.deepEqual(kernel.underway(), ["before"]);
	asks("x");
	await heard();
	t.deepEqual(kernel.underway(), ["before", "x"]);
	asks("behind");
	await heard();
	t.deepEqual(kernel.underway(), ["before", "x", "behind"]);
	asks("y");
	await heard();
	t.deepEqual(kernel.underway(), ["before", "x", "behind", "y"]);
});

test("a hard dependency is waited for whoever asks", async (t) => {
	const { kernel, insert, asks } = setUp(chain, { held: true });
	insert("base");
	await heard();
	asks("middle");
	await heard();
	t.deepEqual(kernel.underway(), ["base"]);
	await kernel.end("base");
	t.deepEqual(kernel.underway(), ["middle"]);
});

test("a dependency that was removed while its dependent waited for a place is loaded again", async (t) => {
	const knowledge = makeWorld(chain);
	const { kernel, inserter, insert } = setUp(chain, { held: true, parallel: 1 });
	kernel.live.add("base");
	insert("other");
	await heard();
	const flights = inserter.carryOut(plan(knowledge, "middle").filter(({ module }) => !kernel.live.has(module)));
	await heard();
	kernel.live.delete("base");
	await kernel.end("other");
	t.deepEqual(kernel.underway(), ["base"]);
	await kernel.end("base");
	t.deepEqual(kernel.underway(), ["middle"]);
	await kernel.end("middle");
	t.is(await tell(flights), "middle inserted");
});

test("and so it is where the kernel says that a symbol is missing, once", async (t) => {
	const knowledge = makeWorld(chain);
	const { kernel, inserter } = setUp(chain, { held: true });
	kernel.live.add("base");
	const flights = inserter.carryOut(plan(knowledge, "middle").filter(({ module }) => !kernel.live.has(module)));
	await heard();
	t.deepEqual(kernel.underway(), ["middle"]);
	kernel.live.delete("base");
	await kernel.end("middle", "ENOENT");
	t.deepEqual(kernel.underway(), ["base"]);
	await kernel.end("base");
	t.deepEqual(kernel.underway(), ["middle"]);
	await kernel.end("middle", "ENOENT");
	t.is(await tell(flights), "middle failed", "what is live explains nothing");
});

test("stopped, what waits for what hangs ends at once", async (t) => {
	const { kernel, inserter, insert } = setUp(rivals, { held: true, hungMilliseconds: 5 });
	const flights = insert("x:ab");
	while (inserter.stuck().length === 0) await heard();
	inserter.stop();
	t.is((await flights[1]?.outcome)?.result, "stopped");
	await kernel.end("a");
	t.is(inserter.inFlight(), 0);
});

test("nothing that a dependency brings with it by softdeps is waited for when it is loaded again", async (t) => {
	const world: World = {
		modules: { base: [], user: ["base"], more: ["base", "user"], other: [] },
		config: "softdep base post: user more\n",
	};
	const knowledge = makeWorld(world);
	const { kernel, inserter, insert } = setUp(world, { held: true, parallel: 1 });
	kernel.live.add("base");
	insert("other");
	await heard();
	const flights = inserter.carryOut(plan(knowledge, "user").filter(({ module }) => module === "user"));
	await heard();
	kernel.live.delete("base");
	await kernel.end("other");
	await kernel.end("base");
	t.deepEqual(kernel.underway(), ["user"]);
	await kernel.end("user");
	t.is(await tell(flights), "user inserted");
	await heard();
	t.deepEqual(kernel.underway(), ["more"]);
});

test("whoever wants a dependency while it is loaded again is the one to tell of it", async (t) => {
	const { kernel, inserter, insert } = setUp(chain, { held: true, parallel: 1 });
	kernel.live.add("base");
	insert("other");
	await heard();
	inserter.carryOut(plan(makeWorld(chain), "middle").filter(({ module }) => module === "middle"));
	await heard();
	kernel.live.delete("base");
	await kernel.end("other");
	t.deepEqual(kernel.underway(), ["base"]);
	t.deepEqual(
		["first", "second"].map(() => insert("base").map(({ joined }) => joined)),
		[[false], [true]],
	);
});

/** Steps of plans that are made by hand: each inserts its module, whatever the world has. */
const stepOf = (module: string, ...after: readonly Prerequisite[]): Step => ({
	module,
	how: "insert",
	path: `/${module}.ko`,
	parameters: "",
	required: true,
	after,
	cause: { kind: "name" },
});
const awaiting = (module: string): Prerequisite => ({ module, hard: false, rival: "x" });
const trying = (module: string): Prerequisite => ({ module, hard: false });
const needing = (module: string): Prerequisite => ({ module, hard: true });

test("whom a request has let go is not bound again by a plan that comes while a dependency is in its init", async (t) => {
	const { kernel, inserter } = setUp(free, { held: true });
	inserter.carryOut([stepOf("a")]);
	await heard();
	inserter.carryOut([stepOf("b"), stepOf("c", needing("b"))], { beyondBound: true });
	inserter.carryOut([stepOf("a"), stepOf("b"), stepOf("c", needing("b"), awaiting("a"))]);
	inserter.carryOut([stepOf("c", trying("a"))]);
	await heard();
	await kernel.end("b");
	t.deepEqual(kernel.underway(), ["a", "c"]);
});

for (const kept of [awaiting, trying])
	test(`a request waits for no place that ${kept === awaiting ? "a rival" : "a softdep"} of what it asks for waits for`, async (t) => {
		const { kernel, inserter } = setUp(free, { held: true, parallel: 1 });
		inserter.carryOut([stepOf("a")]);
		await heard();
		inserter.carryOut([stepOf("b"), stepOf("c", kept("b"))]);
		await heard();
		inserter.carryOut([stepOf("c")], { beyondBound: true });
		await heard();
		t.deepEqual(kernel.underway(), ["a", "b"]);
		await kernel.end("b");
		t.deepEqual(kernel.underway(), ["a", "c"]);
	});

/** Asserts that, once b has ended, c waits for a, which waits for d. */
async function waitsForTheFirst(t: ExecutionContext, kernel: FakeKernel): Promise<void> {
	await heard();
	await kernel.end("b");
	t.deepEqual(kernel.underway(), ["d"]);
	await kernel.end("d");
	t.deepEqual(kernel.underway(), ["a"]);
	await kernel.end("a");
	t.deepEqual(kernel.underway(), ["c"]);
}

test("a rival does not overtake where one between the two runs already", async (t) => {
	const { kernel, inserter } = setUp(free, { held: true });
	inserter.carryOut([stepOf("b")]);
	await heard();
	inserter.carryOut([stepOf("d"), stepOf("a", needing("d")), stepOf("b", awaiting("a")), stepOf("c", awaiting("b"))]);
	await waitsForTheFirst(t, kernel);
});

test("nor where one between the two goes first by an earlier plan", async (t) => {
	const { kernel, inserter } = setUp(free, { held: true });
	inserter.carryOut([stepOf("d"), stepOf("b"), stepOf("a", awaiting("b"), needing("d"))]);
	inserter.carryOut([stepOf("d"), stepOf("a", needing("d")), stepOf("b", awaiting("a")), stepOf("c", awaiting("b"))]);
	await waitsForTheFirst(t, kernel);
});

test("what a request has let go is not stuck any more, nor what needs it", async (t) => {
	const { kernel, inserter } = setUp(free, { held: true, hungMilliseconds: 5 });
	inserter.carryOut([stepOf("a"), stepOf("b", awaiting("a")), stepOf("c", needing("b"))]);
	while (inserter.stuck().length < 2) await heard();
	inserter.carryOut([stepOf("b")], { beyondBound: true });
	t.deepEqual(inserter.stuck(), []);
	await heard();
	await kernel.end("b");
	t.deepEqual(kernel.underway(), ["a", "c"]);
});

test("a dependency that failed and lives at a second try blocks nobody who still waits for another", async (t) => {
	const { kernel, inserter } = setUp(free, { held: true });
	const flights = inserter.carryOut([stepOf("a"), stepOf("b"), stepOf("c", needing("a"), needing("b"))]);
	await heard();
	await kernel.end("a", "EIO");
	inserter.carryOut([stepOf("a")]);
	await heard();
	await kernel.end("b");
	t.deepEqual(kernel.underway(), ["a"], "the second try is waited for");
	await kernel.end("a");
	await kernel.end("c");
	t.is(await tell(flights), "a failed, b inserted, c inserted");
});
