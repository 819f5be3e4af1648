// What the engine is to those that have plans carried out: many modules at once, and who runs, waits or hangs meanwhile.
import type { Step } from "../planning/step.js";
import { Engine, type InserterOptions } from "./engine.js";
import type { Outcome } from "./outcome.js";
import type { PlannedStep } from "./planned-steps.js";
import type { Running, RunningModules } from "./running-modules.js";
import type { Semaphore } from "./semaphore.js";
import type { Waits } from "./waits.js";

export type { InserterOptions } from "./engine.js";
export type { Running } from "./running-modules.js";

export type Flight = {
	/** Never rejects. */
	readonly outcome: Promise<Outcome>;
	/** Whether an earlier plan had begun it. */
	readonly joined: boolean;
};

export type CarryOutOptions = {
	/**
	 * For a request that a module in its init waits for. Where all permits are held by such modules it would wait for ever, and so
	 * it would where it waits for a softdep or a rival that is that very module: it waits for hard dependencies alone, once
	 * something has begun.
	 */
	readonly beyondBound?: boolean;
};

export type Stuck = { readonly module: string; readonly behind: string };

export type Inserter = {
	/** Begins what is not in flight yet; one flight for each step, in the plan's order. */
	carryOut(plan: readonly Step[], options?: CarryOutOptions): readonly Flight[];
	/** Modules whose insertion or command runs now, and for how long it has. */
	running(): readonly Running[];
	/** Modules that have not begun because they wait for one that hangs, or for a permit where so many hang: it is `behind`. */
	stuck(): readonly Stuck[];
	/** Modules in flight: running or waiting for their turn. */
	inFlight(): number;
	/** Those of them that get on: what hangs, and what waits for that alone, does not. */
	busy(): number;
	/** Whether it is in flight and has not begun. */
	isWaiting(module: string): boolean;
	/** Nothing more begins; what runs is left to end. */
	stop(): void;
};

export function makeInserter(options: InserterOptions): Inserter {
	const engine = new Engine(options);
	const { running, steps, waits, semaphore } = engine;
	return {
		carryOut: (plan, { beyondBound = false } = {}) =>
			engine.launch(plan, { beyondBound, told: true }).map(({ planned: { outcome }, joined }) => ({ outcome, joined })),
		running: running.list,
		stuck: () => listStuck(waits, steps.waiting(), running, semaphore),
		inFlight: () => steps.size,
		// A module that waits for another waits for one that runs or asks for a permit.
		busy: () => running.busy() + semaphore.waiting(),
		isWaiting: (module) => steps.get(module) !== undefined && !running.has(module),
		stop: () => engine.stop(),
	};
}

/** Where no more may hang than do, and nothing else runs, nothing begins before one of these ends. */
function listStuck(
	waits: Waits,
	waiting: readonly PlannedStep[],
	running: RunningModules,
	semaphore: Semaphore,
): readonly Stuck[] {
	const stuck = waits.stuck();
	const behind = running.firstHung();
	if (behind === undefined || !semaphore.isFull() || running.busy() > 0) return stuck;
	const known = new Set(stuck.map(({ module }) => module));
	const crowdedOut = waiting.filter(({ step }) => !known.has(step.module));
	return [...stuck, ...crowdedOut.map(({ step }) => ({ module: step.module, behind }))];
}
