// The places of the bound: how many modules may be in their init at once, and whose turn is next.
import type { Step } from "../planning/plan-insertion.js";

/** One of those that the bound allows. May be left more than once. */
export type Place = {
	/** Whether others had to leave first: much may have happened since it was asked for. */
	readonly late: boolean;
	leave(): void;
	/** Whoever has it hangs: another may go on in its stead, as long as not too many hang. */
	lend(): void;
};

/** How many may hang while others go on in their stead, beside the bound: each holds a thread for as long as it hangs. */
export const MAY_HANG = 64;

export type Places = {
	/** Resolves when it is the module's turn. */
	take(module: string): Promise<Place>;
	/** Whoever waits for a module of the plan must not wait for a place too: these go on beyond the bound, now or when they ask. */
	hurry(modules: readonly string[]): void;
	/** Notes how long others wait for the modules of a plan. */
	raise(plan: readonly Step[]): void;
	/** The module is not in flight any more. */
	forget(module: string): void;
	/** How many wait for their turn and will have it: none where whatever has a place hangs, and no more may. */
	waiting(): number;
	/** Whether nobody has a turn before something ends that hangs. */
	isFull(): boolean;
	/** From now on there is a place for everybody: to hear that nothing begins any more. */
	open(): void;
};

const BEYOND_THE_BOUND: Place = { late: false, leave: () => undefined, lend: () => undefined };

/** @param weigh how long, beyond its plan, others wait for a step, in modules. */
export function makePlaces(parallel: number, weigh: (step: Step) => number): Places {
	const queue: { readonly module: string; readonly begin: (place: Place) => void; late: boolean }[] = [];
	/** How long a chain of modules in flight waits for each: the longest chain is begun first. */
	const heights = new Map<string, number>();
	const urgent = new Set<string>();
	let taken = 0;
	/** Those of them that were lent. */
	let lent = 0;
	let due = false;
	let opened = false;

	/** At the end of the turn, when all who want a place in it have asked: the longest chain is served, not who asked first. */
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
			served.begin(makePlace(served.late));
		}
		for (const left of queue) left.late = true;
	}

	function heightOf(place: number): number {
		return heights.get(queue[place]!.module) ?? 0;
	}

	function makePlace(late: boolean): Place {
		let left = false;
		let isLent = false;
		taken++;
		return {
			late,
			leave() {
				if (left) return;
				left = true;
				taken--;
				if (isLent) lent--;
				giveSoon();
			},
			lend() {
				if (left || isLent) return;
				isLent = true;
				lent++;
				giveSoon();
			},
		};
	}

	const isFull = (): boolean => lent >= parallel + MAY_HANG;

	return {
		take(module) {
			if (urgent.has(module)) return Promise.resolve(BEYOND_THE_BOUND);
			giveSoon();
			return new Promise((begin) => queue.push({ module, begin, late: false }));
		},
		hurry(modules) {
			for (const module of modules) {
				urgent.add(module);
				const place = queue.findIndex((one) => one.module === module);
				if (place >= 0) queue.splice(place, 1)[0]!.begin(BEYOND_THE_BOUND);
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
		},
		waiting: () => (isFull() ? 0 : queue.length),
		isFull,
		open() {
			opened = true;
			give();
		},
	};
}
