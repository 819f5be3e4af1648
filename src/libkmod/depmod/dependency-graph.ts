// depmod's reasoning: which module needs which, because it needs a symbol that the other exports; in which order they can
// stand; and where they need each other in a circle.

import type { ModuleDigest } from "./module-digest.js";
import type { SymbolOwners } from "./symbol-owners.js";

/** Modules are known by their positions in the list that the graph was made of. */
export type DependencyGraph = {
	/** For each module those that own what it needs, each once, in the order of its needs. */
	readonly needed: readonly (readonly number[])[];
	/** Beside each of those the first symbol that is needed of it. */
	readonly because: readonly (readonly number[])[];
	/** How many modules need each. */
	readonly users: Uint32Array;
};

/** Who needs whom. What nobody or the kernel itself exports makes no edge. */
export function buildGraph(modules: readonly ModuleDigest[], { meant, owners }: SymbolOwners): DependencyGraph {
	const users = new Uint32Array(modules.length);
	const seenBy = new Int32Array(modules.length).fill(-1);
	const because: number[][] = [];
	const needed = modules.map(({ needs }, module) => {
		const found: number[] = [];
		const reasons: number[] = [];
		for (const symbol of needs.symbols) {
			const owner = owners[meant[symbol]!]!;
			if (owner < 0 || seenBy[owner] === module) continue;
			seenBy[owner] = module;
			users[owner]!++;
			found.push(owner);
			reasons.push(symbol);
		}
		because.push(reasons);
		return found;
	});
	return { needed, because, users };
}

/** Modules in an order in which users stand before what they need; those in or below a circle are missing. */
export function sortTopologically({ needed, users }: Pick<DependencyGraph, "needed" | "users">): number[] {
	const left = Uint32Array.from(users);
	const ready = Array.from(left.keys()).filter((module) => left[module] === 0);
	const sorted: number[] = [];
	for (let module = ready.pop(); module !== undefined; module = ready.pop()) {
		sorted.push(module);
		for (const owner of needed[module]!) if (--left[owner]! === 0) ready.push(owner);
	}
	return sorted;
}

/** For each module all that it needs, directly or not, users first. The graph has no circles. */
export function listAllNeeded({ needed }: DependencyGraph, sorted: readonly number[]): number[][] {
	const places = new Uint32Array(needed.length);
	for (const [place, module] of sorted.entries()) places[module] = place;
	const seenBy = new Int32Array(needed.length).fill(-1);
	return needed.map((direct, module) => {
		const all: number[] = [];
		const pending = [...direct];
		for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
			if (seenBy[next] === module) continue;
			seenBy[next] = module;
			all.push(next);
			for (const further of needed[next]!) pending.push(further);
		}
		return all.sort((a, b) => places[a]! - places[b]!);
	});
}
