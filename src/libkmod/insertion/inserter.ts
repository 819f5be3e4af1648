// The inserter: the engine's interface for callers. Carries out plans, many modules at once, and lists the modules that run,
// wait or hang.
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
	/** Whether an earlier plan already had the step in flight. */
	readonly joined: boolean;
};

export type CarryOutOptions = {
	/**
	 * For a request (request_module) of a module that waits in its init. The requesting module holds a permit, so waiting for a
	 * permit could deadlock when all permits are held by such modules. Waiting for a softdep or a rival that is the requesting
	 * module would deadlock as well. So the plan needs no permits, and it does not wait for a softdep or a rival that has begun
	 * or waits for a module that has.
	 */
	readonly beyondBound?: boolean;
};

export type Stuck = { readonly module: string; readonly behind: string };

export type Inserter = {
	/** Begins the steps that are not in flight yet. Returns one flight for each step, in the plan's order. */
	carryOut(plan: readonly Step[], options?: CarryOutOptions): readonly Flight[];
	/** Modules whose insertion or command runs now, each with the milliseconds since it began. */
	running(): readonly Running[];
	/** Modules that have not begun because they wait for the hung module `behind`, or because hung modules hold all permits. */
	stuck(): readonly Stuck[];
	/** Count of modules in flight: running or waiting for their turn. */
	inFlight(): number;
	/** Count of modules that make progress: neither hung nor waiting only for hung modules. */
	busy(): number;
	/** Whether the module is in flight and has not begun. */
	isWaiting(module: string): boolean;
	/** No further module begins. Running modules may still end. */
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
		// A module that waits for another one is not counted: at the end of its chain stands a module that runs or asks for a
		// permit.
		busy: () => running.busy() + semaphore.waiting(),
		isWaiting: (module) => steps.get(module) !== undefined && !running.has(module),
		stop: () => engine.stop(),
	};
}

/** When no further permit may be lent and every running module hangs, no module begins before a hung one ends. */
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
