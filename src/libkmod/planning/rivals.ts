// Rivals: the modules that match one alias. They begin one after the other, in the index's order, each when the one before has
// ended, well or not: modules.order lets modprobe "deterministically resolve aliases that match multiple modules"
// (Documentation/kbuild/kbuild.rst), and whichever driver comes first binds the device. Pure.
//
// An alias of `cpu:` binds no device, and modules that have nothing to do with each other share one. There the order holds
// among those that compete for one slot of the kernel's, such as its cpufreq driver: those in one folder of the kernel's tree.
// The folders named "crypto" hold algorithms, which the kernel chooses among by their own priority, in whatever order they come.

/** What a step waits for. */
export type Prerequisite = {
	readonly module: string;
	/** A hard dependency must be live; a softdep or a rival need only have been tried. */
	readonly hard: boolean;
	/** The alias that both match, where the module is a rival that goes first: it must have ended, and does not count as tried while it hangs. */
	readonly rival?: string;
};

/** Modules that match one alias of a device, in the order in which they are to begin. */
export type Rivals = { readonly device: string; readonly alias: string; readonly modules: readonly string[] };

/** What asks for a module, as far as it matters here: undefined where no alias of a device or a request does. */
export type AskedFor = {
	readonly module: string;
	readonly by: { readonly device: string; readonly alias: string } | undefined;
};

/**
 * Who goes one after the other, from all that is wanted, in its order.
 * @param pathOf the module's path below the module directory, or an absolute one; undefined where it has no file
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

/** The folder that stands for what a module of a `cpu:` alias competes for; undefined where it competes for nothing. */
export function slotOf(path: string | undefined): string | undefined {
	const folder = path?.slice(0, Math.max(0, path.lastIndexOf("/")));
	return folder === undefined || /(?:^|\/)crypto(?:\/|$)/.test(folder) ? undefined : folder;
}

type Ordered = { readonly module: string; readonly after: readonly Prerequisite[] };

/**
 * The steps with their rivals among what they wait for, in an order in which that stands before them: a step is moved forward
 * where a rival would stand behind. What would close a circle is left out: a dependency that says otherwise wins, and of two
 * aliases that order a pair both ways the one met first.
 * @param steps each behind all that it waits for
 */
export function orderRivals<Step extends Ordered>(steps: readonly Step[], rivals: readonly Rivals[]): readonly Step[] {
	if (rivals.length === 0) return steps;
	const order = new PlanOrder(steps);
	for (const { alias, modules } of rivals) chain(order, alias, modules);
	return order.steps();
}

/** Each waits for the one before it; where that may not be, for the next one before that. */
function chain(order: PlanOrder<Ordered>, alias: string, modules: readonly string[]): void {
	/** Whether all that stand before a module go before it once it itself has its turn. */
	const linked = [true];
	for (let place = 1; place < modules.length; place++) {
		let whole = true;
		let refused: ReadonlySet<string> | undefined;
		for (let before = place - 1; before >= 0; before--) {
			const joined =
				refused?.has(modules[before]!) !== true && order.putBefore(modules[before]!, modules[place]!, alias);
			// A long chain of dependencies would be gone through again for each.
			if (!joined) refused ??= order.listWaitingFor(modules[place]!);
			whole &&= joined;
			if (joined && linked[before]) break;
		}
		linked.push(whole);
	}
}

/** Steps in an order that is kept right while more prerequisites are added. */
class PlanOrder<Step extends Ordered> {
	readonly #order: Step[];
	readonly #places = new Map<string, number>();
	/** Of the steps that got more, all prerequisites. */
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

	/** Whether `first` ends before `then` begins from now on. */
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

	/** With all that wait for these in turn. */
	listWaitingFor(module: string): ReadonlySet<string> {
		const waiting = new Set([module]);
		for (let place = this.#places.get(module) ?? this.#order.length; place < this.#order.length; place++)
			if (this.#afterOf(place).findLast((one) => waiting.has(one.module)) !== undefined)
				waiting.add(this.#order[place]!.module);
		return waiting;
	}

	/** The step at `from`, with all between the two places that it waits for, comes to stand at `to`, unless it waits for what is there. */
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
