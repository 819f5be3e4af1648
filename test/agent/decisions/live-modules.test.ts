import test from "ava";
import { listGone, listLive, planGone } from "../../../src/agent/decisions/live-modules.js";
import { planInsertion, type Step } from "../../../src/libkmod/planning/plan-insertion.js";
import { makeFakeKernel } from "../../support/fakes/fake-kernel.js";
import { makeWorld } from "../../support/worlds/world.js";

const knowledge = makeWorld({ modules: { top: ["middle"], middle: ["base"], base: [] } });

function setUp(...live: readonly string[]) {
	const kernel = makeFakeKernel();
	for (const module of live) kernel.live.add(module);
	return kernel;
}

const stepOf = (module: string): Step => {
	const plan = planInsertion(knowledge, [{ module, cause: { kind: "name" } }]);
	return plan.find((step) => step.module === module)!;
};

test("what the kernel lists is live, and of those asked for the others are gone", (t) => {
	const kernel = setUp("base", "top");
	t.deepEqual([...listLive(kernel)].sort(), ["base", "top"]);
	t.deepEqual(listGone(kernel, ["top", "middle", "base"]), ["middle"]);
});

test("where the kernel has no list nothing is known to be gone", (t) => {
	const kernel = { ...setUp(), read: () => undefined };
	t.deepEqual(listGone(kernel, ["top"]), []);
	t.is(listLive(kernel).size, 0);
});

test("dependencies that were removed meanwhile are planned with all that they need and that is gone too", (t) => {
	const planned = (...live: readonly string[]) =>
		planGone(setUp(...live), knowledge, stepOf("top")).map(({ module }) => module);
	t.deepEqual(planned("base", "middle"), []);
	t.deepEqual(planned("base"), ["middle"]);
	t.deepEqual(planned(), ["base", "middle"]);
});
