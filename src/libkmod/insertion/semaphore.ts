// A semaphore with priorities: its permits bound how many modules are in their init at once, and the module that the longest chain
// waits for has the next one. Acts: permits are given at the end of a turn of the event loop (setImmediate).
import type { Step } from "../planning/step.js";

/** One of the semaphore's. May be released more than once. */
export type Permit = {
	/** Whether others had to release theirs first: much may have happened since it was asked for. */
	readonly late: boolean;
	release(): void;
	/** The module that holds it hangs: another may go on in its stead, as long as not too many hang. */
	lend(): void;
};

/** How many may hang while others go on in their stead, beside the bound: each holds a thread for as long as it hangs. */
export const MAY_HANG = 64;

export type Semaphore = {
	/** Resolves when it is the module's turn. */
	acquire(module: string): Promise<Permit>;
	/** These modules go on beyond the bound, now or when they ask: what waits for them must not wait for a permit too. */
	hurry(modules: readonly string[]): void;
	/** Takes a plan into the priorities: how long others wait for each of its modules. */
	raise(plan: readonly Step[]): void;
	/** The module has ended: its priority counts no more, and a permit that it still asks for is none of the bound's. */
	forget(module: string): void;
	/** How many wait for their turn and will have it: none where every permit is held by a module that hangs, and no more may. */
	waiting(): number;
	/** Whether no permit is given before a module ends that hangs. */
	isFull(): boolean;
	/** From now on there is a permit for every module: to hear that nothing begins any more. */
	open(): void;
};

const BEYOND_THE_BOUND: Permit = { late: false, release: () => undefined, lend: () => undefined };

/** @param weigh how long, beyond its plan, others wait for a step, in modules. */
export function makeSemaphore(parallel: number, weigh: (step: Step) => number): Semaphore {
	return new PrioritySemaphore(parallel, weigh);
}

type Asking = { readonly module: string; readonly begin: (permit: Permit) => void; late: boolean };

class PrioritySemaphore implements Semaphore {
	readonly #parallel: number;
	readonly #weigh: (step: Step) => number;
	readonly #queue: Asking[] = [];
	/** By module, how long the longest chain of modules is that waits for it: that one is begun first. */
	readonly #heights = new Map<string, number>();
	readonly #urgent = new Set<string>();
	#taken = 0;
	/** Those of them that were lent. */
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

	// A plan's prerequisites stand before what needs them, so from its end each chain is known before it is lengthened.
	raise(plan: readonly Step[]): void {
		const heights = this.#heights;
		for (const step of plan) if (!heights.has(step.module)) heights.set(step.module, this.#weigh(step));
		for (const { module, after } of plan.toReversed()) {
			const height = heights.get(module)! + 1;
			for (const needed of after) {
				const known = heights.get(needed.module);
				// What is live already is not in flight.
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

	/** Out of the queue, beyond the bound. */
	#pass(module: string): void {
		const place = this.#queue.findIndex((one) => one.module === module);
		if (place >= 0) this.#queue.splice(place, 1)[0]!.begin(BEYOND_THE_BOUND);
	}

	/** At the end of the turn, when all that want a permit in it have asked: the longest chain is served, not who asked first. */
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
