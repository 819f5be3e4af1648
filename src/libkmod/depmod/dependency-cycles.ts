// Circles of modules that need each other, found for people to read: no such modules can be loaded, so depmod says which
// they are and writes nothing.

import type { DependencyGraph } from "./dependency-graph.js";

// A dense knot of modules has more circles than anyone could read, or any machine list.
const MAX_STEPS = 10_000;

/**
 * Circles among the modules that `sorted` lacks, each from its first module on, without coming back to it. They come in depmod's order,
 * which looks for the next circle behind the module that it crossed out last.
 */
export function findCycles({ needed }: DependencyGraph, sorted: readonly number[]): number[][] {
	const done = new Set(sorted);
	const left = new Ring([...needed.keys()].filter((module) => !done.has(module)));
	const cycles: number[][] = [];
	for (let root = left.takeFirst(); root !== undefined; root = left.takeFirst())
		for (const cycle of cyclesThrough(root, needed, { done, atEnd: (module) => left.remove(module) })) {
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
	/** Told of each module on the way that needs no other. */
	atEnd(module: number): void;
};

// Every way from the root back to it, by a stack: the last need of a module is followed first, as in depmod. Apart from depmod, no
// way crosses itself: depmod follows a circle that lies on its way for ever, or until an assertion of its own fails.
function* cyclesThrough(root: number, needed: DependencyGraph["needed"], { done, atEnd }: Bounds): Generator<number[]> {
	const path: number[] = [];
	const pending = [{ module: root, depth: 0 }];
	for (let steps = 0; steps < MAX_STEPS; steps++) {
		const next = pending.pop();
		if (next === undefined) break;
		path.length = next.depth;
		if (next.depth > 0 && next.module === root) {
			yield [...path];
			continue;
		}
		path.push(next.module);
		if (needed[next.module]!.length === 0) atEnd(next.module);
		for (const module of needed[next.module]!)
			if (module === root || !(done.has(module) || path.includes(module)))
				pending.push({ module, depth: next.depth + 1 });
	}
}
