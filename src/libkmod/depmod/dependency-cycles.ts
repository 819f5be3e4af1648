// Circles of modules that need each other, found for people to read: no such modules can be loaded, so depmod says which
// they are and writes nothing.

import type { DependencyGraph } from "./dependency-graph.js";

// A dense knot of modules has more circles than anyone could read, or any machine list.
const MAX_STEPS = 10_000;

/** Circles among the modules that `sorted` lacks, each from its first module on, without coming back to it. */
export function findCycles({ needed }: DependencyGraph, sorted: readonly number[]): number[][] {
	const done = new Set(sorted);
	const reported = new Set<number>();
	const cycles: number[][] = [];
	for (const root of needed.keys()) {
		if (done.has(root) || reported.has(root)) continue;
		for (const cycle of cyclesThrough(root, needed, done)) {
			cycles.push(cycle);
			for (const module of cycle) reported.add(module);
		}
	}
	return cycles;
}

// Every way from the root back to it, by a stack: the last need of a module is followed first, as in depmod.
function cyclesThrough(root: number, needed: DependencyGraph["needed"], done: ReadonlySet<number>): number[][] {
	const cycles: number[][] = [];
	const path: number[] = [];
	const pending = [{ module: root, depth: 0 }];
	for (let steps = 0; steps < MAX_STEPS; steps++) {
		const next = pending.pop();
		if (next === undefined) break;
		path.length = next.depth;
		if (next.depth > 0 && next.module === root) {
			cycles.push([...path]);
			continue;
		}
		path.push(next.module);
		for (const module of needed[next.module]!)
			if (module === root || !(done.has(module) || path.includes(module)))
				pending.push({ module, depth: next.depth + 1 });
	}
	return cycles;
}
