import test from "ava";
import { type Batch, planBatch } from "../../../src/agent/decisions/batch.js";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import type { PresentDevice } from "../../../src/ports/devices.js";
import { makeWorld, type World } from "../../support/worlds/world.js";

const world: World = {
	modules: { a: ["base"], b: ["base"], base: [], soft: [] },
	aliases: { "x:a*": "a", "x:b*": "b", "y:base": "base" },
	builtin: ["built"],
	config: "softdep b pre: built soft",
};

type Given = { readonly live?: readonly string[]; readonly tried?: readonly string[] };

function plan(devices: readonly PresentDevice[], { live = [], tried = [] }: Given = {}): Batch {
	const knowledge = makeWorld(world);
	return planBatch(7, knowledge, devices.flatMap(makeDecider(knowledge)), {
		isLive: (module) => live.includes(module),
		wasTried: (module, device) => tried.includes(`${module} ${device}`),
	});
}

const device = (name: string, ...aliases: readonly string[]): PresentDevice => ({
	devpath: `/devices/${name}`,
	aliases,
});

const modules = (batch: Batch): string => batch.plan.map(({ module }) => module).join(" ");

test("all that the devices of a batch want is one plan", (t) => {
	const batch = plan([device("1", "x:a"), device("2", "x:b"), device("3", "x:none")]);
	t.is(batch.number, 7);
	t.is(modules(batch), "base a soft b");
	t.is(batch.decisions.length, 3);
	t.deepEqual(
		[...batch.wantedBy],
		[
			["a", ["/devices/1"]],
			["b", ["/devices/2"]],
		],
	);
});

test("every device that wants a module is remembered, and a module that others need is wanted by none", (t) => {
	const batch = plan([device("1", "x:a1"), device("2", "x:a2")]);
	t.deepEqual([...batch.wantedBy], [["a", ["/devices/1", "/devices/2"]]]);
});

test("what is live is not planned, nor is what it needs", (t) => {
	const batch = plan([device("1", "x:a"), device("2", "x:b")], { live: ["a", "base", "soft"] });
	t.is(modules(batch), "b");
	t.deepEqual(batch.spared, [{ module: "a", device: "/devices/1", why: "live" }]);
	t.deepEqual([...batch.wantedBy.keys()], ["b"]);
});

test("what is built in is not planned", (t) => {
	t.is(modules(plan([device("1", "x:b")])), "base soft b");
});

test("what was tried in vain for a device is not planned for it, but for another one", (t) => {
	const tried = ["a /devices/1"];
	t.is(modules(plan([device("1", "x:a")], { tried })), "");
	const batch = plan([device("1", "x:a"), device("2", "x:a")], { tried });
	t.is(modules(batch), "base a");
	t.deepEqual(batch.spared, [{ module: "a", device: "/devices/1", why: "tried" }]);
	t.deepEqual([...batch.wantedBy], [["a", ["/devices/2"]]]);
});

test("a device whose driver is needed by another too has it planned once", (t) => {
	const batch = plan([device("1", "x:a"), device("2", "y:base")]);
	t.is(modules(batch), "base a");
	t.deepEqual(batch.wantedBy.get("base"), ["/devices/2"]);
});

test("what was tried and has not ended goes first, and brings nothing else", (t) => {
	const knowledge = makeWorld({
		modules: { early: [], lib: [], a: ["lib"], b: [], c: [] },
		aliases: { "x:*": ["a", "b"], "y:*": ["b", "c"], "z:*": ["early", "a"] },
		config: "softdep a post: lib",
	});
	const planFor = (alias: string, isUnderWay: (module: string) => boolean) =>
		planBatch(1, knowledge, makeDecider(knowledge)(device("1", alias)), {
			isLive: () => false,
			wasTried: (module) => module === "a",
			isUnderWay,
		});
	const batch = planFor("x:1", () => true);
	t.is(modules(batch), "a b");
	t.deepEqual(batch.plan[1]?.after, [{ module: "a", hard: false, rival: "x:1" }]);
	t.deepEqual([...batch.wantedBy.keys()], ["b"]);
	t.deepEqual(batch.spared, [{ module: "a", device: "/devices/1", why: "tried" }]);
	t.is(modules(planFor("x:1", () => false)), "b");
	t.is(modules(planFor("y:1", () => true)), "b c");
	t.is(modules(planFor("z:1", () => true)), "early");
});

test("a batch without wishes asks nobody what is live", (t) => {
	const knowledge = makeWorld(world);
	const decisions = makeDecider(knowledge)(device("1", "x:none"));
	const nobody = (): never => t.fail();
	t.deepEqual(planBatch(1, knowledge, decisions, { isLive: nobody, wasTried: nobody }).plan, []);
});
