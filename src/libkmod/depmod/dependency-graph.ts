// The dependency graph of depmod: a module needs the modules that export its undefined symbols. Builds the graph, sorts it
// topologically and lists transitive dependencies.

import type { ModuleDigest } from "./module-digest.js";
import type { SymbolOwners } from "./symbol-owners.js";

/** A graph of modules, identified by their positions in the list that the graph was built from. */
export type DependencyGraph = {
	/** Per module: the modules that export its needed symbols, each once, in the order of the symbols. */
	readonly needed: readonly (readonly number[])[];
	/** Per entry of `needed`: the first symbol that is needed of that module. */
	readonly because: readonly (readonly number[])[];
	/** Per module: how many modules need it. */
	readonly users: Uint32Array;
};

/** Builds the graph. A symbol that no module exports, or that the kernel itself exports, makes no edge. */
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

/** The modules in topological order: users before the modules that they need. Modules in or below a cycle are missing. */
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

/** Per module: its transitive dependencies, users first. The graph must be acyclic. */
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
