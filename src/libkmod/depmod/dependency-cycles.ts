// Finds dependency cycles for people to read. Modules in a cycle cannot be loaded, so depmod reports the cycles and writes
// nothing.

import type { DependencyGraph } from "./dependency-graph.js";

// A dense group of modules has more cycles than anyone could read, or any machine list.
const MAX_STEPS = 10_000;
/**
 * Limit on the edges visited, over all searches. A group of a few thousand modules has millions of edges, on each of countless
 * paths.
 */
const MOST_LOOKED_AT = 2 ** 24;

/**
 * Cycles among the modules that are missing in `sorted`. Each starts at its first module and does not repeat it at the end. The
 * order is depmod's: the search for the next cycle starts after the module that was removed last.
 */
export function findCycles({ needed }: DependencyGraph, sorted: readonly number[]): number[][] {
	const done = new Set(sorted);
	const left = new Ring([...needed.keys()].filter((module) => !done.has(module)));
	const cycles: number[][] = [];
	const budget = { left: MOST_LOOKED_AT };
	for (let root = left.takeFirst(); root !== undefined; root = left.takeFirst())
		for (const cycle of cyclesThrough(root, needed, { done, budget, atEnd: (module) => left.remove(module) })) {
			cycles.push(cycle);
			for (const module of cycle) left.remove(module);
		}
	return cycles;
}

/** Modules in a circular doubly linked list. Its first element is the one after the last removed element. */
class Ring {
	readonly #next = new Map<number, number>();
	readonly #previous = new Map<number, number>();
	#first: number | undefined;

	constructor(modules: readonly number[]) {
		this.#first = modules[0];
		for (const [place, module] of modules.entries()) this.#join(module, modules[(place + 1) % modules.length]!);
	}

	takeFirst(): number | undefined {
		const first = this.#first;
		if (first !== undefined) this.remove(first);
		return first;
	}

	remove(module: number): void {
		const next = this.#next.get(module);
		if (next === undefined) return;
		this.#first = next === module ? undefined : next;
		this.#join(this.#previous.get(module)!, next);
		this.#next.delete(module);
		this.#previous.delete(module);
	}

	#join(module: number, next: number): void {
		this.#next.set(module, next);
		this.#previous.set(next, module);
	}
}

type Bounds = {
	/** Modules that are in no cycle. */
	readonly done: ReadonlySet<number>;
	/** Edges that may still be visited, over all searches. */
	readonly budget: { left: number };
	/** Called for each visited module that needs no other. */
	atEnd(module: number): void;
};

// Every path from the root back to the root, by a stack: the last dependency of a module is followed first, as in depmod.
// Unlike in depmod, no path crosses itself: depmod follows a cycle on its path forever, or until one of its assertions fails.
function* cyclesThrough(root: number, needed: DependencyGraph["needed"], bounds: Bounds): Generator<number[]> {
	const { done, budget, atEnd } = bounds;
	const path = [root];
	const onPath = new Set(path);
	/** Per module on the path: how many of its dependencies are still to be followed. */
	const left = [needed[root]!.length];
	if (left[0] === 0) atEnd(root);
	for (let steps = 1; steps < MAX_STEPS && path.length > 0 && budget.left > 0; ) {
		const here = path.length - 1;
		const place = --left[here]!;
		if (place < 0) {
			onPath.delete(path.pop()!);
			left.pop();
			continue;
		}
		budget.left--;
		const module = needed[path[here]!]![place]!;
		if (module === root) yield [...path];
		else if (done.has(module) || onPath.has(module)) continue;
		else {
			path.push(module);
			onPath.add(module);
			left.push(needed[module]!.length);
			if (left.at(-1) === 0) atEnd(module);
		}
		steps++;
	}
}
