// Who waits for whom among the modules in flight: a graph without circles, kept while modules begin, hang and end. What a module
// waits for is of three kinds: a dependency must have ended; a softdep must have been tried, which what hangs counts as; a rival
// must have ended, and never counts as tried. No clock, no promises.

export type WaitKind = "dependency" | "softdep" | "rival";

type Node = {
	readonly module: string;
	readonly pending: Map<Node, WaitKind>;
	readonly dependents: Set<Node>;
	begun: boolean;
	/** It hangs, or waits for something that does: how much of what it waits for does. */
	stuck: boolean;
	stuckPending: number;
	/** One in its init waits for it. */
	letGo: boolean;
};

export type WaitsOptions = {
	/** It waits for nothing any more. Told once, unless it has to wait again before it begins. */
	readonly onFree: (module: string) => void;
	/** It waits for what hangs. */
	readonly onStuck?: (module: string, behind: string) => void;
};

export type Waits = {
	enter(module: string): void;
	/**
	 * Lets a module wait for another one in flight. Nothing is changed where it has begun, where that would close a circle, or
	 * where it was let go and may not wait for that.
	 * @returns false where the other is in flight and the module may begin before it has ended
	 */
	wait(module: string, other: string, kind: WaitKind): boolean;
	isWaiting(module: string): boolean;
	begin(module: string): void;
	hang(module: string): void;
	end(module: string): void;
	/**
	 * For modules that one in its init waits for, whoever that is: their softdeps and rivals are let go, as far as these have
	 * begun or cannot go on before something ends that has.
	 */
	letGo(modules: readonly string[]): void;
	/** What these wait for, and what that waits for in turn, as far as it is in flight. */
	waitedForBy(modules: readonly string[]): readonly string[];
	/** Those that wait for what hangs, each with what that is. */
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

	/** Whether the one begins behind the other from now on. */
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

	/** What waits for it by a softdep goes on, and what cannot is stuck itself. */
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

	/** Who waited for it by rivalry goes on waiting for those before it. */
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

/** Those that waited for what has ended are stuck only where something else they wait for is. */
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

/** What hangs at the bottom of it. @param known of some, what that is */
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

/** Whether it, or anything that it waits for, is such a one. */
function leadsTo(first: Node, isIt: (node: Node) => boolean): boolean {
	const met = new Set([first]);
	for (const node of met) {
		if (isIt(node)) return true;
		for (const other of node.pending.keys()) met.add(other);
	}
	return false;
}
