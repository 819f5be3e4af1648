import test from "ava";
import { findCycles } from "../../../src/libkmod/depmod/dependency-cycles.js";
import { sortTopologically } from "../../../src/libkmod/depmod/dependency-graph.js";

function cyclesOf(needed: readonly (readonly number[])[]): number[][] {
	const users = new Uint32Array(needed.length);
	for (const owners of needed) for (const owner of owners) users[owner]!++;
	const graph = { needed, because: needed, users };
	return findCycles(graph, sortTopologically(graph));
}

test("every circle of a few modules is found", (t) => {
	t.deepEqual(cyclesOf([[1], [2], [0], []]), [[0, 1, 2]]);
	t.deepEqual(cyclesOf([[1], [0], [3], [2]]).length, 2);
});

test("of a knot of 2,000 modules that all need each other some circles are told, and the search has an end", (t) => {
	const all = Array.from({ length: 2000 }, (_, n) => n);
	const cycles = cyclesOf(all.map((module) => all.filter((other) => other !== module)));
	t.true(cycles.length > 0);
	for (const cycle of cycles) t.is(new Set(cycle).size, cycle.length);
});

test("thousands of circles of two are all told", (t) => {
	const pairs = Array.from({ length: 40_000 }, (_, n) => [n ^ 1]);
	t.is(cyclesOf(pairs).length, 20_000);
});
