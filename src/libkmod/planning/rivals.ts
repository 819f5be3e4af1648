// Rivals: the modules that match one alias. Rivals begin one after the other, in the index's order, each when the one before
// has ended, successfully or not: modules.order lets modprobe "deterministically resolve aliases that match multiple modules"
// (Documentation/kbuild/kbuild.rst), and the first driver binds the device. Pure.
//
// An alias of `cpu:` binds no device, and unrelated modules share such an alias. There the order holds only among modules that
// compete for one slot of the kernel, such as its cpufreq driver: the modules in one folder of the kernel's tree. The folders
// named "crypto" hold algorithms. The kernel chooses among algorithms by their own priority, in whatever order they are loaded.

/** A module that a step waits for. */
export type Prerequisite = {
	readonly module: string;
	/** True for a hard dependency, which must be live. A softdep or a rival need only have been tried. */
	readonly hard: boolean;
	/**
	 * Set for a rival that goes first: the alias that both modules match. The rival must have ended, and while it hangs it does
	 * not count as tried.
	 */
	readonly rival?: string;
};

/** Modules that match one alias of a device, in the order in which they are to begin. */
export type Rivals = { readonly device: string; readonly alias: string; readonly modules: readonly string[] };

/** A wanted module and the alias that asks for it. `by` is undefined when no alias of a device or a request does. */
export type AskedFor = {
	readonly module: string;
	readonly by: { readonly device: string; readonly alias: string } | undefined;
};

/**
 * Groups the wanted modules into rivals, in the order of the wanted modules.
 * @param pathOf the module's path below the module directory, or an absolute one; undefined when the module has no file
 */
export function listRivals(
	asking: Iterable<AskedFor>,
	pathOf: (module: string) => string | undefined,
): readonly Rivals[] {
	const groups = new Map<string, { readonly device: string; readonly alias: string; readonly modules: Set<string> }>();
	for (const { module, by } of asking) {
		if (by === undefined) continue;
		const { device, alias } = by;
		const slot = alias.startsWith("cpu:") ? slotOf(pathOf(module)) : "";
		if (slot === undefined) continue;
		const key = `${device}\0${alias}\0${slot}`;
		const group = groups.get(key);
		if (group === undefined) groups.set(key, { device, alias, modules: new Set([module]) });
		else group.modules.add(module);
	}
	return [...groups.values()].flatMap(({ modules, ...group }) =>
		modules.size > 1 ? [{ ...group, modules: [...modules] }] : [],
	);
}

/**
 * The folder that stands for the slot for which a module with a `cpu:` alias competes. Undefined when the module competes for
 * none.
 */
export function slotOf(path: string | undefined): string | undefined {
	const folder = path?.slice(0, Math.max(0, path.lastIndexOf("/")));
	return folder === undefined || /(?:^|\/)crypto(?:\/|$)/.test(folder) ? undefined : folder;
}

type Ordered = { readonly module: string; readonly after: readonly Prerequisite[] };

/**
 * Adds each step's rivals to its prerequisites, and moves steps forward so that each rival stands before the step that waits
 * for it. A prerequisite that would close a cycle is left out: a dependency overrides the order of rivals, and when two aliases
 * order a pair both ways, the alias met first wins.
 * @param steps each after all of its prerequisites
 */
export function orderRivals<Step extends Ordered>(steps: readonly Step[], rivals: readonly Rivals[]): readonly Step[] {
	if (rivals.length === 0) return steps;
	const order = new PlanOrder(steps);
	for (const { alias, modules } of rivals) chain(order, alias, modules);
	return order.steps();
}

/**
 * Makes each module wait for the one before it. Where that would close a cycle, or where the one before does not itself wait
 * for all earlier ones, the module waits for earlier ones as well.
 */
function chain(order: PlanOrder<Ordered>, alias: string, modules: readonly string[]): void {
	/** Per place: whether every module before this one ends before this one begins. */
	const linked = [true];
	for (let place = 1; place < modules.length; place++) {
		let whole = true;
		let refused: ReadonlySet<string> | undefined;
		for (let before = place - 1; before >= 0; before--) {
			const joined =
				refused?.has(modules[before]!) !== true && order.putBefore(modules[before]!, modules[place]!, alias);
			// The set is computed once, since each putBefore would go through a long chain of dependencies again.
			if (!joined) refused ??= order.listWaitingFor(modules[place]!);
			whole &&= joined;
			if (joined && linked[before]) break;
		}
		linked.push(whole);
	}
}

/** A list of steps that stays in topological order while prerequisites are added. */
class PlanOrder<Step extends Ordered> {
	readonly #order: Step[];
	readonly #places = new Map<string, number>();
	/** By module: all prerequisites of the steps that got more. */
	readonly #after = new Map<string, readonly Prerequisite[]>();

	constructor(steps: readonly Step[]) {
		this.#order = [...steps];
		this.#number(0, steps.length);
	}

	steps(): readonly Step[] {
		return this.#order.map((step) => {
			const after = this.#after.get(step.module);
			return after === undefined ? step : { ...step, after };
		});
	}

	/** Tries to make `then` wait for `first`. Returns whether `first` ends before `then` begins from now on. */
	putBefore(first: string, then: string, alias: string): boolean {
		const [from, to] = [this.#places.get(first), this.#places.get(then)];
		if (from === undefined || to === undefined) return false;
		if (from > to && !this.#moveForward(from, to)) return false;
		const after = this.#afterOf(this.#places.get(then)!);
		const known = after.findIndex(({ module }) => module === first);
		const { hard, rival } = after[known] ?? { hard: false };
		if (known < 0) this.#after.set(then, [...after, { module: first, hard: false, rival: alias }]);
		else if (!hard && rival === undefined)
			this.#after.set(then, after.with(known, { module: first, hard, rival: alias }));
		return true;
	}

	/** The module and its transitive dependents. */
	listWaitingFor(module: string): ReadonlySet<string> {
		const waiting = new Set([module]);
		for (let place = this.#places.get(module) ?? this.#order.length; place < this.#order.length; place++)
			if (this.#afterOf(place).findLast((one) => waiting.has(one.module)) !== undefined)
				waiting.add(this.#order[place]!.module);
		return waiting;
	}

	/**
	 * Moves the step at `from` to the place `to`, together with its prerequisites between the two places. Returns false, and
	 * moves nothing, when the step waits for the one at `to`.
	 */
	#moveForward(from: number, to: number): boolean {
		const needed = new Set([from]);
		for (const place of needed) {
			for (const { module } of this.#afterOf(place)) {
				const before = this.#places.get(module);
				if (before === undefined || before < to) continue;
				if (before === to) return false;
				needed.add(before);
			}
		}
		const region = this.#order.slice(to, from + 1);
		const moved = region.filter((_, place) => needed.has(to + place));
		const left = region.filter((_, place) => !needed.has(to + place));
		[...moved, ...left].forEach((step, place) => {
			this.#order[to + place] = step;
		});
		this.#number(to, from + 1);
		return true;
	}

	#afterOf(place: number): readonly Prerequisite[] {
		const { module, after } = this.#order[place]!;
		return this.#after.get(module) ?? after;
	}

	#number(from: number, to: number): void {
		for (let place = from; place < to; place++) this.#places.set(this.#order[place]!.module, place);
	}
}
