// The modules that run: since when, and which of them hang. Acts: a timer for each, and the clock that it is handed.
import type { Step } from "../planning/step.js";
import type { Permit } from "./semaphore.js";

export type Running = { readonly module: string; readonly milliseconds: number; readonly hung: boolean };

export type RunningModules = {
	/** @returns ends it, gives its permit back and says how many milliseconds it took */
	begin(step: Step, permit: Permit): () => number;
	list(): readonly Running[];
	has(module: string): boolean;
	/** Those that do not hang. */
	busy(): number;
	/** The one of those that hang that has done so for longest. */
	firstHung(): string | undefined;
};

export type RunningModulesOptions = {
	/** Monotonic, in milliseconds. */
	readonly now: () => number;
	/** What has run for so long hangs: its permit is lent, and it is left to end. Never where absent. */
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

/** @param hung gets the module once it has run for too long */
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
