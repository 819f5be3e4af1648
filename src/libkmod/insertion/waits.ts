// The wait graph of the modules in flight: an acyclic graph, updated as modules begin, hang and end. There are three kinds of
// edges. A dependency must have ended. A softdep must have been tried, and a hung softdep counts as tried. A rival must have
// ended, and a hung rival does not count as tried. No clock, no promises.

export type WaitKind = "dependency" | "softdep" | "rival";

type Node = {
	readonly module: string;
	readonly pending: Map<Node, WaitKind>;
	readonly dependents: Set<Node>;
	begun: boolean;
	/** Whether the module hangs or waits for a stuck module. `stuckPending` counts the stuck modules in `pending`. */
	stuck: boolean;
	stuckPending: number;
	/** Whether a module in its init waits for this one (letGo). */
	letGo: boolean;
};

export type WaitsOptions = {
	/**
	 * Called when the module waits for no other any more. Called once, unless the module has to wait again before it begins.
	 */
	readonly onFree: (module: string) => void;
	/** Called when the module waits, directly or through others, for the hung module `behind`. */
	readonly onStuck?: (module: string, behind: string) => void;
};

export type Waits = {
	enter(module: string): void;
	/**
	 * Lets a module wait for another one in flight. Changes nothing when the module has begun, when the edge would close a
	 * cycle, or when the module was let go and must not wait for the other.
	 * @returns false when the other is in flight and the module may begin before the other has ended
	 */
	wait(module: string, other: string, kind: WaitKind): boolean;
	isWaiting(module: string): boolean;
	begin(module: string): void;
	hang(module: string): void;
	end(module: string): void;
	/**
	 * For modules that some module in its init waits for. Removes their edges to softdeps and rivals that have begun, or that
	 * wait for a module that has begun.
	 */
	letGo(modules: readonly string[]): void;
	/** These modules and their transitive prerequisites, as far as they are in flight. */
	waitedForBy(modules: readonly string[]): readonly string[];
	/** Modules that have not begun and wait for a hung module, each with that module in `behind`. */
	stuck(): readonly { readonly module: string; readonly behind: string }[];
};

export function makeWaits(options: WaitsOptions): Waits {
	return new WaitGraph(options);
}

class WaitGraph implements Waits {
	readonly #nodes = new Map<string, Node>();
	readonly #onFree: (module: string) => void;
	readonly #onStuck: (module: string, behind: string) => void;

	constructor({ onFree, onStuck = () => undefined }: WaitsOptions) {
		this.#onFree = onFree;
		this.#onStuck = onStuck;
	}

	enter(module: string): void {
		const links = { pending: new Map(), dependents: new Set<Node>() };
		this.#nodes.set(module, { module, ...links, begun: false, stuck: false, stuckPending: 0, letGo: false });
	}

	wait(module: string, other: string, kind: WaitKind): boolean {
		const [node, before] = [this.#nodes.get(module), this.#nodes.get(other)];
		return node === undefined || before === undefined || this.#link(node, before, kind);
	}

	isWaiting(module: string): boolean {
		return (this.#nodes.get(module)?.pending.size ?? 0) > 0;
	}

	begin(module: string): void {
		const node = this.#nodes.get(module);
		if (node !== undefined) node.begun = true;
	}

	hang(module: string): void {
		const node = this.#nodes.get(module);
		if (node !== undefined) this.#stick(node);
	}

	end(module: string): void {
		const node = this.#nodes.get(module);
		if (node === undefined) return;
		this.#nodes.delete(module);
		for (const other of [...node.pending.keys()]) unlink(node, other);
		const dependents = [...node.dependents];
		for (const dependent of dependents) unlink(dependent, node);
		unstick(dependents);
		for (const dependent of dependents) if (dependent.pending.size === 0) this.#onFree(dependent.module);
	}

	letGo(modules: readonly string[]): void {
		for (const module of modules) {
			const node = this.#nodes.get(module);
			if (node === undefined) continue;
			node.letGo = true;
			for (const [other, kind] of [...node.pending])
				if (kind !== "dependency" && leadsTo(other, ({ begun }) => begun)) this.#letGoOf(node, other);
		}
	}

	waitedForBy(modules: readonly string[]): readonly string[] {
		const met = new Set(modules.flatMap((module) => this.#nodes.get(module) ?? []));
		for (const node of met) for (const other of node.pending.keys()) met.add(other);
		return [...met].map(({ module }) => module);
	}

	stuck(): readonly { readonly module: string; readonly behind: string }[] {
		const known = new Map<Node, Node>();
		return [...this.#nodes.values()]
			.filter(({ stuck, begun }) => stuck && !begun)
			.map((node) => ({ module: node.module, behind: behind(node, known) }));
	}

	/** Adds an edge. Returns whether `node` begins after `other` has ended, or need not wait for it. */
	#link(node: Node, other: Node, kind: WaitKind): boolean {
		if (node === other || (kind === "softdep" && other.stuck)) return true;
		if (node.begun) return false;
		const known = node.pending.get(other);
		if (known !== undefined) {
			if (weight[kind] > weight[known]) node.pending.set(other, kind);
			return true;
		}
		if (node.dependents.size > 0 && leadsTo(other, (one) => one === node)) return false;
		if (kind !== "dependency" && node.letGo && leadsTo(other, ({ begun }) => begun)) return false;
		node.pending.set(other, kind);
		other.dependents.add(node);
		if (other.stuck) {
			node.stuckPending++;
			this.#stick(node);
		}
		return true;
	}

	#release(node: Node, other: Node): void {
		if (unlink(node, other) && node.pending.size === 0) this.#onFree(node.module);
	}

	/** Marks a node as stuck. Dependents by softdep stop waiting for the node; all other dependents become stuck too. */
	#stick(first: Node): void {
		const met = [first];
		for (let node = met.pop(); node !== undefined; node = met.pop()) {
			if (node.stuck) continue;
			node.stuck = true;
			if (!node.begun) this.#onStuck(node.module, behind(node));
			for (const dependent of [...node.dependents]) {
				dependent.stuckPending++;
				if (dependent.pending.get(node) === "softdep") this.#release(dependent, node);
				else met.push(dependent);
			}
		}
	}

	/** Removes an edge. Dependents that wait for `node` as a rival wait for the rival before it instead. */
	#letGoOf(node: Node, other: Node): void {
		if (node.pending.get(other) === "rival")
			for (const dependent of [...node.dependents])
				if (dependent.pending.get(node) === "rival") this.#link(dependent, other, "rival");
		this.#release(node, other);
		unstick([node]);
	}
}

function unlink(node: Node, other: Node): boolean {
	if (!node.pending.delete(other)) return false;
	other.dependents.delete(node);
	if (other.stuck) node.stuckPending--;
	return true;
}

/** Clears the stuck mark of nodes, and transitively of their dependents, that wait for no other stuck module. */
function unstick(freed: Iterable<Node>): void {
	const met = [...freed];
	for (let node = met.pop(); node !== undefined; node = met.pop()) {
		if (!node.stuck || node.begun || node.stuckPending > 0) continue;
		node.stuck = false;
		for (const dependent of node.dependents) {
			dependent.stuckPending--;
			met.push(dependent);
		}
	}
}

/** Follows stuck prerequisites to the hung module. @param known a cache: the hung module of nodes visited before */
function behind(node: Node, known?: Map<Node, Node>): string {
	const way: Node[] = [];
	let lowest = node;
	for (let next: Node | undefined = node; next !== undefined; next = firstStuck(lowest)) {
		way.push(next);
		lowest = known?.get(next) ?? next;
	}
	if (known !== undefined) for (const one of way) known.set(one, lowest);
	return lowest.module;
}

function firstStuck({ pending }: Node): Node | undefined {
	for (const other of pending.keys()) if (other.stuck) return other;
	return undefined;
}

const weight: Readonly<Record<WaitKind, number>> = { softdep: 0, rival: 1, dependency: 2 };

/** Whether the node or one of its transitive prerequisites satisfies the predicate. */
function leadsTo(first: Node, isIt: (node: Node) => boolean): boolean {
	const met = new Set([first]);
	for (const node of met) {
		if (isIt(node)) return true;
		for (const other of node.pending.keys()) met.add(other);
	}
	return false;
}
