// The steps of all plans that have not ended, each once however many plans hold it: what a step needs, what failed of that, and what
// came of it. No clock; who waits for whom is in waits.ts.
import type { Prerequisite, Step } from "../planning/plan-insertion.js";
import { isUsable, type Outcome } from "./outcome.js";
import type { Semaphore } from "./semaphore.js";
import type { Waits } from "./waits.js";

/** A step that has not ended. */
export type PlannedStep = {
	step: Step;
	/** Modules that it cannot do without, by all plans that it is in, in their order. */
	readonly needed: Set<string>;
	/** Of these, the ones that did not come to life. */
	readonly failed: Map<string, Outcome>;
	/** Never rejects. */
	readonly outcome: Promise<Outcome>;
	readonly resolve: (outcome: Outcome) => void;
	/** It asks for its turn, or has had it. */
	asks: boolean;
	/** Whether the asker of some plan tells what comes of it. */
	told: boolean;
	begun: boolean;
};

export type PlannedSteps = {
	get(module: string): PlannedStep | undefined;
	has(module: string): boolean;
	isOpen(planned: PlannedStep): boolean;
	waiting(): readonly PlannedStep[];
	size(): number;
	/** What no plan holds yet. */
	enter(step: Step): PlannedStep;
	/**
	 * Lets a step wait for those of its prerequisites that have not ended.
	 * @param passedBy of one plan, by module: rivals that it does not wait for
	 */
	awaitAll(planned: PlannedStep, prerequisites: readonly Prerequisite[], passedBy: Map<string, string[]>): void;
	/** Of what it needs, what did not come to life. */
	blockedBy(planned: PlannedStep): Outcome | undefined;
	/** Nothing where it has ended. */
	end(planned: PlannedStep, outcome: Omit<Outcome, "step">): void;
};

export function makePlannedSteps(waits: Waits, semaphore: Semaphore): PlannedSteps {
	const steps = new Map<string, PlannedStep>();
	/** By module that failed, those that were waiting and needed it: if it is tried again, they wait for it. */
	const deprived = new Map<string, readonly PlannedStep[]>();
	const isOpen = (planned: PlannedStep): boolean => steps.get(planned.step.module) === planned;

	function noteFailure(module: string, outcome: Outcome): void {
		const others = [...steps.values()].filter(({ begun, needed }) => !begun && needed.has(module));
		for (const other of others) other.failed.set(module, outcome);
		if (others.length > 0) deprived.set(module, others);
	}

	return {
		get: (module) => steps.get(module),
		has: (module) => steps.has(module),
		isOpen,
		waiting: () => [...steps.values()].filter(({ begun }) => !begun),
		size: () => steps.size,
		enter(step) {
			const { module } = step;
			const planned = makePlannedStep(step);
			steps.set(module, planned);
			waits.enter(module);
			for (const other of deprived.get(module) ?? []) {
				if (other.begun || !isOpen(other)) continue;
				other.failed.delete(module);
				waits.wait(other.step.module, module, "dependency");
			}
			deprived.delete(module);
			return planned;
		},
		awaitAll(planned, prerequisites, passedBy) {
			const { module: own } = planned.step;
			const notAwaited: string[] = [];
			for (const { module, hard, rival } of prerequisites) {
				if (hard && !planned.begun) planned.needed.add(module);
				if (rival === undefined) waits.wait(own, module, hard ? "dependency" : "softdep");
				else
					for (const one of [module, ...(passedBy.get(module) ?? [])])
						if (!waits.wait(own, one, "rival")) notAwaited.push(one);
			}
			if (notAwaited.length > 0) passedBy.set(own, notAwaited);
		},
		blockedBy: ({ needed, failed }) =>
			[...needed].map((module) => failed.get(module)).find((outcome) => outcome !== undefined),
		end(planned, outcome) {
			if (!isOpen(planned)) return;
			const { module } = planned.step;
			const ended = { ...outcome, step: planned.step };
			steps.delete(module);
			semaphore.forget(module);
			if (!isUsable(ended)) noteFailure(module, ended);
			waits.end(module);
			planned.resolve(ended);
		},
	};
}

function makePlannedStep(step: Step): PlannedStep {
	let resolve: (outcome: Outcome) => void = () => undefined;
	const outcome = new Promise<Outcome>((done) => {
		resolve = done;
	});
	return { step, needed: new Set(), failed: new Map(), outcome, resolve, asks: false, told: false, begun: false };
}
