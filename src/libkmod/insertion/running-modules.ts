// The running modules: when each began, and which of them hang. Acts: a timer for each, and the clock that it is handed.
import type { Step } from "../planning/step.js";
import type { Permit } from "./semaphore.js";

export type Running = { readonly module: string; readonly milliseconds: number; readonly hung: boolean };

export type RunningModules = {
	/** @returns a function that ends the module, releases its permit and returns the duration in milliseconds */
	begin(step: Step, permit: Permit): () => number;
	list(): readonly Running[];
	has(module: string): boolean;
	/** Count of running modules that do not hang. */
	busy(): number;
	/** The module that has been hung for longest. */
	firstHung(): string | undefined;
};

export type RunningModulesOptions = {
	/** A monotonic clock, in milliseconds. */
	readonly now: () => number;
	/**
	 * Milliseconds after which a running module counts as hung: its permit is lent to another module, and the module may still
	 * end. Undefined: no module counts as hung.
	 */
	readonly hungMilliseconds?: number | undefined;
	readonly onHung: (step: Step) => void;
};

export function makeRunningModules(options: RunningModulesOptions): RunningModules {
	const { now } = options;
	const running = new Map<string, number>();
	const hung = new Set<string>();
	return {
		begin(step, permit) {
			const { module } = step;
			const begun = now();
			running.set(module, begun);
			const timer = watch(step, permit, hung, options);
			return () => {
				const milliseconds = now() - begun;
				clearTimeout(timer);
				running.delete(module);
				hung.delete(module);
				permit.release();
				return milliseconds;
			};
		},
		list: () =>
			[...running].map(([module, begun]) => ({ module, milliseconds: now() - begun, hung: hung.has(module) })),
		has: (module) => running.has(module),
		busy: () => running.size - hung.size,
		firstHung: () => hung.values().next().value,
	};
}

/** Starts the timer that marks a module as hung. @param hung the set to which a module is added when its time is up */
function watch(
	step: Step,
	permit: Permit,
	hung: Set<string>,
	{ hungMilliseconds, onHung }: RunningModulesOptions,
): ReturnType<typeof setTimeout> | undefined {
	if (hungMilliseconds === undefined) return undefined;
	return setTimeout(() => {
		hung.add(step.module);
		permit.lend();
		onHung(step);
	}, hungMilliseconds);
}
