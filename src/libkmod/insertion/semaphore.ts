// A semaphore with priorities. The permits bound the number of modules in their init at once. The module with the longest chain
// of waiting dependents gets the next permit. Acts: permits are given at the end of a turn of the event loop (setImmediate).
import type { Step } from "../planning/step.js";

/** A permit of the semaphore. May be released more than once. */
export type Permit = {
	/** Whether the caller had to wait for the permit. The state of the machine may have changed since the caller asked. */
	readonly late: boolean;
	release(): void;
	/** Tells that the holder hangs: another module may run in its place, as long as not too many permits are lent. */
	lend(): void;
};

/** Limit on hung modules whose permits are lent, in addition to the bound. Each hung module holds a thread. */
export const MAY_HANG = 64;

export type Semaphore = {
	/** Resolves with a permit when the module may begin. */
	acquire(module: string): Promise<Permit>;
	/**
	 * Lets these modules begin beyond the bound, now or when they ask: the modules that wait for them must not wait for a
	 * permit too.
	 */
	hurry(modules: readonly string[]): void;
	/** Updates the priorities with a plan: the length of the chain that waits for each module. */
	raise(plan: readonly Step[]): void;
	/**
	 * Tells that the module has ended. Drops its priority; a permit that the module still asks for does not count against the
	 * bound.
	 */
	forget(module: string): void;
	/**
	 * Count of modules that wait for a permit and will get one: 0 when hung modules hold every permit and no further permit may
	 * be lent.
	 */
	waiting(): number;
	/** Whether no permit can be given before a hung module ends. */
	isFull(): boolean;
	/** Gives a permit to every module from now on, so that each waiting caller resumes and sees that the engine has stopped. */
	open(): void;
};

const BEYOND_THE_BOUND: Permit = { late: false, release: () => undefined, lend: () => undefined };

/** @param weigh weight of a step's waiting dependents outside its plan, as a count of modules */
export function makeSemaphore(parallel: number, weigh: (step: Step) => number): Semaphore {
	return new PrioritySemaphore(parallel, weigh);
}

type Asking = { readonly module: string; readonly begin: (permit: Permit) => void; late: boolean };

class PrioritySemaphore implements Semaphore {
	readonly #parallel: number;
	readonly #weigh: (step: Step) => number;
	readonly #queue: Asking[] = [];
	/** By module: length of the longest chain of modules that waits for the module. The highest begins first. */
	readonly #heights = new Map<string, number>();
	readonly #urgent = new Set<string>();
	#taken = 0;
	/** The taken permits that are lent. */
	#lent = 0;
	#due = false;
	#opened = false;

	constructor(parallel: number, weigh: (step: Step) => number) {
		this.#parallel = parallel;
		this.#weigh = weigh;
	}

	acquire(module: string): Promise<Permit> {
		if (this.#urgent.has(module)) return Promise.resolve(BEYOND_THE_BOUND);
		this.#giveSoon();
		return new Promise((begin) => this.#queue.push({ module, begin, late: false }));
	}

	hurry(modules: readonly string[]): void {
		for (const module of modules) {
			this.#urgent.add(module);
			this.#pass(module);
		}
	}

	// A plan lists prerequisites before their dependents. Walking from its end, each chain's length is final before it is
	// extended.
	raise(plan: readonly Step[]): void {
		const heights = this.#heights;
		for (const step of plan) if (!heights.has(step.module)) heights.set(step.module, this.#weigh(step));
		for (const { module, after } of plan.toReversed()) {
			const height = heights.get(module)! + 1;
			for (const needed of after) {
				const known = heights.get(needed.module);
				// A prerequisite that is live already is not in flight and has no height.
				if (known !== undefined && known < height) heights.set(needed.module, height);
			}
		}
	}

	forget(module: string): void {
		this.#heights.delete(module);
		this.#urgent.delete(module);
		this.#pass(module);
	}

	waiting(): number {
		return this.isFull() ? 0 : this.#queue.length;
	}

	isFull(): boolean {
		return this.#lent >= this.#parallel + MAY_HANG;
	}

	open(): void {
		this.#opened = true;
		this.#give();
	}

	/** Removes the module from the queue and gives it a permit beyond the bound. */
	#pass(module: string): void {
		const place = this.#queue.findIndex((one) => one.module === module);
		if (place >= 0) this.#queue.splice(place, 1)[0]!.begin(BEYOND_THE_BOUND);
	}

	/**
	 * Gives permits at the end of the turn of the event loop, when every caller of this turn has asked. So the longest chain
	 * comes first, not the first caller.
	 */
	#giveSoon(): void {
		if (!this.#due) setImmediate(() => this.#give());
		this.#due = true;
	}

	#give(): void {
		this.#due = false;
		const queue = this.#queue;
		while (queue.length > 0 && (this.#isFree() || this.#opened)) {
			let next = 0;
			for (let place = 1; place < queue.length; place++) if (this.#heightOf(place) > this.#heightOf(next)) next = place;
			const served = queue.splice(next, 1)[0]!;
			served.begin(this.#makePermit(served.late));
		}
		for (const left of queue) left.late = true;
	}

	#isFree(): boolean {
		return this.#taken - Math.min(this.#lent, MAY_HANG) < this.#parallel;
	}

	#heightOf(place: number): number {
		return this.#heights.get(this.#queue[place]!.module) ?? 0;
	}

	#makePermit(late: boolean): Permit {
		let released = false;
		let isLent = false;
		this.#taken++;
		return {
			late,
			release: () => {
				if (released) return;
				released = true;
				this.#taken--;
				if (isLent) this.#lent--;
				this.#giveSoon();
			},
			lend: () => {
				if (released || isLent) return;
				isLent = true;
				this.#lent++;
				this.#giveSoon();
			},
		};
	}
}
