// A semaphore with priorities: its permits bound how many modules are in their init at once, and the module that the longest chain
// waits for has the next one. Acts: permits are given at the end of a turn of the event loop (setImmediate).
import type { Step } from "../planning/plan-insertion.js";

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
	const queue: { readonly module: string; readonly begin: (permit: Permit) => void; late: boolean }[] = [];
	/** How long a chain of modules in flight waits for each: the longest chain is begun first. */
	const heights = new Map<string, number>();
	const urgent = new Set<string>();
	let taken = 0;
	/** Those of them that were lent. */
	let lent = 0;
	let due = false;
	let opened = false;

	/** At the end of the turn, when all that want a permit in it have asked: the longest chain is served, not who asked first. */
	function giveSoon(): void {
		if (!due) setImmediate(give);
		due = true;
	}

	function give(): void {
		due = false;
		while (queue.length > 0 && (taken - Math.min(lent, MAY_HANG) < parallel || opened)) {
			let next = 0;
			for (let place = 1; place < queue.length; place++) if (heightOf(place) > heightOf(next)) next = place;
			const served = queue.splice(next, 1)[0]!;
			served.begin(makePermit(served.late));
		}
		for (const left of queue) left.late = true;
	}

	function heightOf(place: number): number {
		return heights.get(queue[place]!.module) ?? 0;
	}

	function makePermit(late: boolean): Permit {
		let released = false;
		let isLent = false;
		taken++;
		return {
			late,
			release() {
				if (released) return;
				released = true;
				taken--;
				if (isLent) lent--;
				giveSoon();
			},
			lend() {
				if (released || isLent) return;
				isLent = true;
				lent++;
				giveSoon();
			},
		};
	}

	/** Out of the queue, beyond the bound. */
	function pass(module: string): void {
		const place = queue.findIndex((one) => one.module === module);
		if (place >= 0) queue.splice(place, 1)[0]!.begin(BEYOND_THE_BOUND);
	}

	const isFull = (): boolean => lent >= parallel + MAY_HANG;

	return {
		acquire(module) {
			if (urgent.has(module)) return Promise.resolve(BEYOND_THE_BOUND);
			giveSoon();
			return new Promise((begin) => queue.push({ module, begin, late: false }));
		},
		hurry(modules) {
			for (const module of modules) {
				urgent.add(module);
				pass(module);
			}
		},
		// A plan's prerequisites stand before what needs them, so from its end each chain is known before it is lengthened.
		raise(plan) {
			for (const step of plan) if (!heights.has(step.module)) heights.set(step.module, weigh(step));
			for (const { module, after } of plan.toReversed()) {
				const height = heights.get(module)! + 1;
				for (const needed of after) {
					const known = heights.get(needed.module);
					// What is live already is not in flight.
					if (known !== undefined && known < height) heights.set(needed.module, height);
				}
			}
		},
		forget(module) {
			heights.delete(module);
			urgent.delete(module);
			pass(module);
		},
		waiting: () => (isFull() ? 0 : queue.length),
		isFull,
		open() {
			opened = true;
			give();
		},
	};
}
