// Circles of modules that need each other, found for people to read: no such modules can be loaded, so depmod says which
// they are and writes nothing.

import type { DependencyGraph } from "./dependency-graph.js";

// A dense knot of modules has more circles than anyone could read, or any machine list.
const MAX_STEPS = 10_000;
/** So many needs are looked at in all. A knot of a few thousand modules has millions of them, on each of countless ways. */
const MOST_LOOKED_AT = 2 ** 24;

/**
 * Circles among the modules that `sorted` lacks, each from its first module on, without coming back to it. They come in depmod's order,
 * which looks for the next circle behind the module that it crossed out last.
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

/** Modules in a circular list, the first of which is the one behind whichever was removed last. */
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
	/** Modules that are in no circle. */
	readonly done: ReadonlySet<number>;
	/** How many needs may still be looked at, over all searches. */
	readonly budget: { left: number };
	/** Told of each module on the way that needs no other. */
	atEnd(module: number): void;
};

// Every way from the root back to it, by a stack: the last need of a module is followed first, as in depmod. Apart from depmod, no
// way crosses itself: depmod follows a circle that lies on its way for ever, or until an assertion of its own fails.
function* cyclesThrough(root: number, needed: DependencyGraph["needed"], bounds: Bounds): Generator<number[]> {
	const { done, budget, atEnd } = bounds;
	const path = [root];
	const onPath = new Set(path);
	/** Of each module on the path, how many of its needs are still to be followed. */
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
