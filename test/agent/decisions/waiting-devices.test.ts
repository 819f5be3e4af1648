import test from "ava";
import type { Decision } from "../../../src/agent/decisions/decider.js";
import { makeWaitingDevices } from "../../../src/agent/decisions/waiting-devices.js";

const decision = (device: string, module: string): Decision => ({
	device,
	alias: `x:${module}`,
	matches: [{ found: { module, via: "alias index", pattern: `x:${module}` }, verdict: "wanted" }],
});

test("who waits for a module waits with what was decided, and is taken once", (t) => {
	const waiting = makeWaitingDevices();
	const decisions = [decision("/1", "a"), decision("/1", "b"), decision("/2", "a")];
	t.true(waiting.isEmpty("a"));
	waiting.add("a", decisions, ["/1"]);
	t.false(waiting.isEmpty("a"));
	t.deepEqual(waiting.take("a"), { decisions: [decisions[0]], devices: ["/1"] });
	t.deepEqual(waiting.take("a"), { decisions: [], devices: [] });
});

test("however many come, few are remembered for each module", (t) => {
	const waiting = makeWaitingDevices();
	for (let n = 0; n < 10_000; n++) {
		waiting.add("a", [decision(`/${n}`, "a")], [`/${n}`]);
		waiting.add("b", [decision("/1", "b")], []);
	}
	t.is(waiting.take("a").devices.length, 256);
	t.true(waiting.isEmpty("b"));
});

test("beyond that, who brings a module that none of them wants is remembered for its sake", (t) => {
	const waiting = makeWaitingDevices();
	const withOwn = (n: number): Decision => {
		const [first, own] = [decision(`/${n}`, "a"), decision(`/${n}`, `own${n}`)];
		return { ...first, matches: [...first.matches, ...own.matches] };
	};
	for (let n = 0; n < 1000; n++) t.is(waiting.add("a", [withOwn(n)], [`/${n}`]).length, 1);
	t.deepEqual(waiting.add("a", [{ ...withOwn(7), device: "/new" }], ["/new"]), []);
	t.is(waiting.add("a", [withOwn(7)], ["/7"]).length, 1);
	t.is(waiting.take("a").devices.length, 1000);
});

test("however often one comes, it waits once with each of its aliases", (t) => {
	const waiting = makeWaitingDevices();
	const decisions = [decision("/1", "a"), { ...decision("/1", "a"), alias: "x:other" }];
	for (let n = 0; n < 10_000; n++) waiting.add("a", decisions, ["/1"]);
	t.deepEqual(waiting.take("a"), { decisions, devices: ["/1"] });
});
