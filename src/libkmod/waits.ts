// Who waits for whom among the modules in flight: a graph without circles, kept while modules begin, hang and end. What a module
// waits for is of three kinds: a dependency must have ended; a softdep must have been tried, which what hangs counts as; a rival
// must have ended, and never counts as tried. No clock, no promises.

export type WaitKind = "dependency" | "softdep" | "rival";

type Node = {
	readonly module: string;
	readonly pending: Map<Node, WaitKind>;
	readonly dependents: Set<Node>;
	begun: boolean;
	/** It hangs, or waits for something that does. */
	stuck: boolean;
};

export type WaitsOptions = {
	/** It waits for nothing any more. Told once, unless it has to wait again before it begins. */
	readonly onFree: (module: string) => void;
	/** It waits for what hangs. */
	readonly onStuck?: (module: string, behind: string) => void;
};

export type Waits = {
	enter(module: string): void;
	/** Lets a module that has not begun wait for another one in flight. Nothing is changed where that would close a circle. */
	wait(module: string, other: string, kind: WaitKind): void;
	isWaiting(module: string): boolean;
	begin(module: string): void;
	hang(module: string): void;
	end(module: string): void;
	/**
	 * For modules that one in its init waits for, whoever that is: their softdeps and rivals are let go, as far as these have
	 * begun or cannot go on before something ends that has.
	 */
	letGo(modules: readonly string[]): void;
	/** Those that wait for what hangs, each with what that is. */
	stuck(): readonly { readonly module: string; readonly behind: string }[];
};

export function makeWaits({ onFree, onStuck = () => undefined }: WaitsOptions): Waits {
	const nodes = new Map<string, Node>();

	function release(node: Node, other: Node): void {
		if (!node.pending.delete(other)) return;
		other.dependents.delete(node);
		if (node.pending.size === 0) onFree(node.module);
	}

	function link(node: Node, other: Node, kind: WaitKind): void {
		if (node.begun || node === other || (kind === "softdep" && other.stuck)) return;
		const known = node.pending.get(other);
		const wouldClose = known === undefined && node.dependents.size > 0 && leadsTo(other, (one) => one === node);
		if (wouldClose) return;
		if (known === undefined || weight[kind] > weight[known]) node.pending.set(other, kind);
		other.dependents.add(node);
		if (other.stuck) stick(node);
	}

	/** What waits for it by a softdep goes on, and what cannot is stuck itself. */
	function stick(first: Node): void {
		const met = [first];
		for (let node = met.pop(); node !== undefined; node = met.pop()) {
			if (node.stuck) continue;
			node.stuck = true;
			if (!node.begun) onStuck(node.module, behind(node));
			for (const dependent of [...node.dependents]) {
				if (dependent.pending.get(node) === "softdep") release(dependent, node);
				else met.push(dependent);
			}
		}
	}

	/** Those that waited for it are stuck only where something else they wait for is. */
	function unstick(freed: Iterable<Node>): void {
		const met = [...freed];
		for (let node = met.pop(); node !== undefined; node = met.pop()) {
			if (!node.stuck || node.begun || [...node.pending.keys()].some(({ stuck }) => stuck)) continue;
			node.stuck = false;
			met.push(...node.dependents);
		}
	}

	/** What hangs at the bottom of it. */
	function behind(node: Node): string {
		let lowest = node;
		for (;;) {
			const next = [...lowest.pending.keys()].find(({ stuck }) => stuck);
			if (next === undefined) return lowest.module;
			lowest = next;
		}
	}

	/** Who waited for it by rivalry goes on waiting for those before it. */
	function letGoOf(node: Node, other: Node): void {
		if (node.pending.get(other) === "rival")
			for (const dependent of node.dependents)
				if (dependent.pending.get(node) === "rival") link(dependent, other, "rival");
		release(node, other);
	}

	return {
		enter(module) {
			nodes.set(module, { module, pending: new Map(), dependents: new Set(), begun: false, stuck: false });
		},
		wait(module, other, kind) {
			const [node, before] = [nodes.get(module), nodes.get(other)];
			if (node !== undefined && before !== undefined) link(node, before, kind);
		},
		isWaiting: (module) => (nodes.get(module)?.pending.size ?? 0) > 0,
		begin(module) {
			const node = nodes.get(module);
			if (node !== undefined) node.begun = true;
		},
		hang(module) {
			const node = nodes.get(module);
			if (node !== undefined) stick(node);
		},
		end(module) {
			const node = nodes.get(module);
			if (node === undefined) return;
			nodes.delete(module);
			for (const other of node.pending.keys()) other.dependents.delete(node);
			const dependents = [...node.dependents];
			for (const dependent of dependents) dependent.pending.delete(node);
			unstick(dependents);
			for (const dependent of dependents) if (dependent.pending.size === 0) onFree(dependent.module);
		},
		letGo(modules) {
			for (const module of modules) {
				const node = nodes.get(module);
				if (node === undefined) continue;
				for (const [other, kind] of [...node.pending])
					if (kind !== "dependency" && leadsTo(other, ({ begun }) => begun)) letGoOf(node, other);
			}
		},
		stuck: () =>
			[...nodes.values()]
				.filter(({ stuck, begun }) => stuck && !begun)
				.map((node) => ({ module: node.module, behind: behind(node) })),
	};
}

const weight: Readonly<Record<WaitKind, number>> = { softdep: 0, rival: 1, dependency: 2 };

/** Whether it, or anything that it waits for, is such a one. */
function leadsTo(first: Node, isIt: (node: Node) => boolean): boolean {
	const met = new Set([first]);
	for (const node of met) {
		if (isIt(node)) return true;
		for (const other of node.pending.keys()) met.add(other);
	}
	return false;
}
