// The steps of all plans that have not ended, each once however many plans contain it: the dependencies of a step, which of
// these failed, and the outcome. No clock. The order of waiting is in waits.ts.
import type { Prerequisite } from "../planning/rivals.js";
import type { Step } from "../planning/step.js";
import { isUsable, type Outcome } from "./outcome.js";
import type { Semaphore } from "./semaphore.js";
import type { Waits } from "./waits.js";

/** A step that has not ended. */
export type PlannedStep = {
	step: Step;
	/** Hard dependencies of the step, from all plans that contain the step, in the plans' order. */
	readonly needed: Set<string>;
	/** The hard dependencies that did not become live. */
	readonly failed: Map<string, Outcome>;
	/** Never rejects. */
	readonly outcome: Promise<Outcome>;
	readonly resolve: (outcome: Outcome) => void;
	/** Whether the step asks for a permit or has had one. */
	asks: boolean;
	/** Whether the caller of some plan reports the outcome. */
	told: boolean;
	begun: boolean;
};

export class PlannedSteps {
	readonly #waits: Waits;
	readonly #semaphore: Semaphore;
	readonly #steps = new Map<string, PlannedStep>();
	/**
	 * By failed module: the waiting steps that need the module. When the module is tried again, these steps wait for the new
	 * attempt.
	 */
	readonly #deprived = new Map<string, readonly PlannedStep[]>();

	constructor(waits: Waits, semaphore: Semaphore) {
		this.#waits = waits;
		this.#semaphore = semaphore;
	}

	get size(): number {
		return this.#steps.size;
	}

	get(module: string): PlannedStep | undefined {
		return this.#steps.get(module);
	}

	isOpen(planned: PlannedStep): boolean {
		return this.#steps.get(planned.step.module) === planned;
	}

	/** The steps that have not begun. */
	waiting(): readonly PlannedStep[] {
		return [...this.#steps.values()].filter(({ begun }) => !begun);
	}

	/** Adds a step that no plan contains yet. */
	enter(step: Step): PlannedStep {
		const { module } = step;
		const planned = makePlannedStep(step);
		this.#steps.set(module, planned);
		this.#waits.enter(module);
		for (const other of this.#deprived.get(module) ?? []) {
			if (other.begun || !this.isOpen(other)) continue;
			other.failed.delete(module);
			this.#waits.wait(other.step.module, module, "dependency");
		}
		this.#deprived.delete(module);
		return planned;
	}

	/**
	 * Lets a step wait for its prerequisites that have not ended.
	 * @param passedBy of one plan, by module: the rivals that the module does not wait for
	 */
	awaitAll(planned: PlannedStep, prerequisites: readonly Prerequisite[], passedBy: Map<string, string[]>): void {
		const { module: own } = planned.step;
		const notAwaited: string[] = [];
		for (const { module, hard, rival } of prerequisites) {
			if (hard && !planned.begun) planned.needed.add(module);
			if (rival === undefined) this.#waits.wait(own, module, hard ? "dependency" : "softdep");
			else
				for (const one of [module, ...(passedBy.get(module) ?? [])])
					if (!this.#waits.wait(own, one, "rival")) notAwaited.push(one);
		}
		if (notAwaited.length > 0) passedBy.set(own, notAwaited);
	}

	/** Ends a step with its outcome. Does nothing when the step has ended already. */
	end(planned: PlannedStep, outcome: Omit<Outcome, "step">): void {
		if (!this.isOpen(planned)) return;
		const { module } = planned.step;
		const ended = { ...outcome, step: planned.step };
		this.#steps.delete(module);
		this.#semaphore.forget(module);
		if (!isUsable(ended)) this.#noteFailure(module, ended);
		this.#waits.end(module);
		planned.resolve(ended);
	}

	#noteFailure(module: string, outcome: Outcome): void {
		const others = this.waiting().filter(({ needed }) => needed.has(module));
		for (const other of others) other.failed.set(module, outcome);
		if (others.length > 0) this.#deprived.set(module, others);
	}
}

/** The outcome of the step's first hard dependency that did not become live. */
export function blockedBy({ needed, failed }: PlannedStep): Outcome | undefined {
	return [...needed].map((module) => failed.get(module)).find((outcome) => outcome !== undefined);
}

function makePlannedStep(step: Step): PlannedStep {
	let resolve: (outcome: Outcome) => void = () => undefined;
	const outcome = new Promise<Outcome>((done) => {
		resolve = done;
	});
	return { step, needed: new Set(), failed: new Map(), outcome, resolve, asks: false, told: false, begun: false };
}
