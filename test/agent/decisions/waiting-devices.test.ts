import test from "ava";
import type { Decision } from "../../../src/agent/decisions/decider.js";
import { makeLatecomers } from "../../../src/agent/decisions/waiting-devices.js";

const decision = (device: string, module: string): Decision => ({
	device,
	alias: `x:${module}`,
	matches: [{ found: { module, via: "alias index", pattern: `x:${module}` }, verdict: "wanted" }],
});

test("who waits for a module waits with what was decided, and is taken once", (t) => {
	const latecomers = makeLatecomers();
	const decisions = [decision("/1", "a"), decision("/1", "b"), decision("/2", "a")];
	t.true(latecomers.isEmpty("a"));
	latecomers.add("a", decisions, ["/1"]);
	t.false(latecomers.isEmpty("a"));
	t.deepEqual(latecomers.take("a"), { decisions: [decisions[0]], devices: ["/1"] });
	t.deepEqual(latecomers.take("a"), { decisions: [], devices: [] });
});

test("however many come, few are remembered for each module", (t) => {
	const latecomers = makeLatecomers();
	for (let n = 0; n < 10_000; n++) {
		latecomers.add("a", [decision(`/${n}`, "a")], [`/${n}`]);
		latecomers.add("b", [decision("/1", "b")], []);
	}
	t.is(latecomers.take("a").devices.length, 256);
	t.true(latecomers.isEmpty("b"));
});

test("beyond that, who brings a module that none of them wants is remembered for its sake", (t) => {
	const latecomers = makeLatecomers();
	const withOwn = (n: number): Decision => {
		const [first, own] = [decision(`/${n}`, "a"), decision(`/${n}`, `own${n}`)];
		return { ...first, matches: [...first.matches, ...own.matches] };
	};
	for (let n = 0; n < 1000; n++) t.is(latecomers.add("a", [withOwn(n)], [`/${n}`]).length, 1);
	t.deepEqual(latecomers.add("a", [{ ...withOwn(7), device: "/new" }], ["/new"]), []);
	t.is(latecomers.add("a", [withOwn(7)], ["/7"]).length, 1);
	t.is(latecomers.take("a").devices.length, 1000);
});

test("however often one comes, it waits once with each of its aliases", (t) => {
	const latecomers = makeLatecomers();
	const decisions = [decision("/1", "a"), { ...decision("/1", "a"), alias: "x:other" }];
	for (let n = 0; n < 10_000; n++) latecomers.add("a", decisions, ["/1"]);
	t.deepEqual(latecomers.take("a"), { decisions, devices: ["/1"] });
});
