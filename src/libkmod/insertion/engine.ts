// Carries out plans, many modules at once. A module begins when its prerequisites have ended and a permit of the semaphore is
// free. Plans share modules in flight: a module begins once however many plans contain it, and no plan waits for another plan
// as a whole. The order that a plan asks for also applies to modules that are in flight already but have not begun. The engine
// also joins a module that a probe or another inserter over the same Kernel acts on (flights.ts).
// The kernel alone says which modules are live (EEXIST): the engine remembers nothing between plans. Acts: the kernel, timers,
// a monotonic clock.
import type { Kernel } from "../kernel/kernel.js";
import type { Step } from "../planning/step.js";
import { actOn, commandsBy, lacksSymbol, type Means, resultOf } from "./answer.js";
import { type Flights, flightsOf } from "./flights.js";
import { isMask, type Outcome, type Result } from "./outcome.js";
import { blockedBy, type PlannedStep, PlannedSteps } from "./planned-steps.js";
import { makeRunningModules, type RunningModules } from "./running-modules.js";
import { makeSemaphore, type Permit, type Semaphore } from "./semaphore.js";
import { makeWaits, type Waits } from "./waits.js";

export type InserterOptions = {
	readonly kernel: Kernel;
	/** Limit on modules in their init at once, over all plans: 1 or more. */
	readonly parallel: number;
	/**
	 * Milliseconds after which a running module counts as hung: its permit is lent to another module, and the module may still
	 * end. Undefined: no module counts as hung.
	 */
	readonly hungMilliseconds?: number;
	readonly onHung?: (step: Step) => void;
	/**
	 * Called for a step that waits, directly or through other modules, for the hung module `behind`: a dependency or a rival.
	 */
	readonly onStuck?: (step: Step, behind: string) => void;
	/**
	 * Plans the step's hard dependencies that are no longer live. Called when time has passed since the step's own plan was
	 * made.
	 */
	readonly replan?: (step: Step) => readonly Step[];
	/**
	 * Weight of a step's waiting dependents outside the plan, as a count of modules. The step with the longest chain of
	 * dependents begins first. Always 0 when undefined.
	 */
	readonly weigh?: (step: Step) => number;
	/** A monotonic clock, in milliseconds. Default: performance.now(). */
	readonly now?: () => number;
};

/** A step as one plan sees it. */
export type Launched = {
	readonly planned: PlannedStep;
	/** Whether an earlier plan had the step in flight, so that the earlier caller reports the outcome. */
	readonly joined: boolean;
};

export class Engine {
	readonly semaphore: Semaphore;
	readonly waits: Waits;
	readonly steps: PlannedSteps;
	readonly running: RunningModules;
	readonly #kernel: Kernel;
	readonly #flights: Flights;
	readonly #replan: (step: Step) => readonly Step[];
	#stopped = false;

	constructor(options: InserterOptions) {
		const { kernel, parallel, hungMilliseconds, weigh = () => 0, replan = () => [] } = options;
		const { onHung = () => undefined, onStuck = () => undefined, now = () => performance.now() } = options;
		this.#kernel = kernel;
		this.#flights = flightsOf(kernel);
		this.#replan = replan;
		this.semaphore = makeSemaphore(parallel, weigh);
		this.waits = makeWaits({
			onFree: (module) => void this.#goOn(this.steps.get(module)),
			onStuck: (module, behind) => {
				const planned = this.steps.get(module)!;
				onStuck(planned.step, behind);
				if (this.#stopped) queueMicrotask(() => this.#endStopped(planned));
			},
		});
		this.steps = new PlannedSteps(this.waits, this.semaphore);
		this.running = makeRunningModules({
			now,
			hungMilliseconds,
			onHung: (step) => {
				onHung(step);
				this.waits.hang(step.module);
			},
		});
	}

	/**
	 * @param beyondBound whether the plan's modules need not wait for permits (CarryOutOptions)
	 * @param told whether the caller reports the outcomes of this plan
	 */
	launch(
		plan: readonly Step[],
		{ beyondBound, told }: { readonly beyondBound: boolean; readonly told: boolean },
	): readonly Launched[] {
		this.semaphore.raise(plan);
		const passedBy = new Map<string, string[]>();
		const launched = plan.map((step) => {
			const known = this.steps.get(step.module);
			// A step that one plan requires is required for all plans.
			if (known !== undefined && step.required) known.step = { ...known.step, required: true };
			const planned = known ?? this.#enter(step);
			this.steps.awaitAll(planned, step.after, passedBy);
			const joined = known?.told === true;
			planned.told ||= told;
			return { planned, joined };
		});
		if (beyondBound) this.#letPass(plan.map(({ module }) => module));
		for (const { planned } of launched) if (!this.waits.isWaiting(planned.step.module)) void this.#goOn(planned);
		return launched;
	}

	/** No further step begins. Running modules may still end. */
	stop(): void {
		this.#stopped = true;
		this.semaphore.open();
		// A hung module may never end, so the steps that wait for a hung module end now.
		for (const { module } of this.waits.stuck()) this.#endStopped(this.steps.get(module));
	}

	#letPass(modules: readonly string[]): void {
		this.waits.letGo(modules);
		const waitedFor = this.waits.waitedForBy(modules);
		this.semaphore.hurry(waitedFor.filter((module) => this.steps.get(module)?.begun === false));
	}

	/**
	 * Adds a step that no plan contains yet. When another caller acts on the module before this step begins, the other caller's
	 * answer is the step's outcome.
	 */
	#enter(step: Step): PlannedStep {
		const planned = this.steps.enter(step);
		const stopListening = this.#flights.listen(step.module, (answer) => {
			if (!planned.begun) this.steps.end(planned, { ...resultOf(answer), milliseconds: 0 });
		});
		void planned.outcome.then(stopListening);
		return planned;
	}

	#endStopped(planned: PlannedStep | undefined): void {
		if (planned?.begun === false) this.steps.end(planned, { result: "stopped", milliseconds: 0 });
	}

	/** Called when everything that the step waited for has ended or was let go. */
	async #goOn(planned: PlannedStep | undefined): Promise<void> {
		if (planned === undefined || planned.begun || planned.asks) return;
		planned.asks = true;
		// One microtask later the whole plan is entered: no step of a plan begins before that.
		await Promise.resolve();
		while (this.steps.isOpen(planned) && !this.waits.isWaiting(planned.step.module)) {
			const permit = await this.#askForPermit(planned);
			if (permit !== undefined) return this.#fly(planned, permit);
		}
		planned.asks = false;
	}

	/**
	 * Resolves with a permit once the step may begin, and marks the step as begun. Resolves with undefined when the step has
	 * ended without a permit or has to wait again.
	 */
	async #askForPermit(planned: PlannedStep): Promise<Permit | undefined> {
		const because = blockedBy(planned);
		const { module } = planned.step;
		const idle = resultWithoutActing(planned.step);
		if (because !== undefined) this.steps.end(planned, { result: resultBehind(because), milliseconds: 0, because });
		else if (idle !== undefined) this.steps.end(planned, { result: idle, milliseconds: 0 });
		else {
			const permit = await this.semaphore.acquire(module);
			if (!this.#stopped && this.steps.isOpen(planned) && !this.waits.isWaiting(module)) {
				planned.begun = true;
				this.waits.begin(module);
				return permit;
			}
			permit.release();
			if (this.#stopped) this.#endStopped(planned);
		}
		return undefined;
	}

	async #fly(planned: PlannedStep, permit: Permit): Promise<void> {
		const { step } = planned;
		const end = this.running.begin(step, permit);
		const { answer } = this.#flights.begin(step.module, async () => {
			if (permit.late) await this.#revive(step);
			return actOn(step, this.#meansFor(step));
		});
		const result = resultOf(await answer);
		this.steps.end(planned, { ...result, milliseconds: end(), ...(permit.late && { late: true }) });
	}

	#meansFor(step: Step): Means {
		return {
			insert: async (path, parameters) => {
				try {
					await this.#kernel.insert(path, parameters);
				} catch (error) {
					if (!lacksSymbol(error) || !(await this.#revive(step))) throw error;
					await this.#kernel.insert(path, parameters);
				}
			},
			run: commandsBy(this.#kernel),
		};
	}

	/**
	 * Loads again the hard dependencies of the step that were removed in the meantime. The softdeps of these modules are not
	 * awaited, since a softdep may need this very module. Resolves with whether any dependency had to be loaded again.
	 */
	async #revive(step: Step): Promise<boolean> {
		const plan = this.#stopped ? [] : this.#replan(step).filter(({ module }) => module !== step.module);
		// The step's own permit may be the last one, so these modules go beyond the bound.
		const revived = this.launch(plan, { beyondBound: true, told: false });
		await Promise.all(revived.flatMap(({ planned }, n) => (plan[n]!.required ? [planned.outcome] : [])));
		return plan.length > 0;
	}
}

function resultBehind({ result }: Outcome): Result {
	return result === "stopped" ? "stopped" : "blocked";
}

/** The result of a step that needs no permit because nothing is inserted or run. Undefined when the step needs one. */
function resultWithoutActing(step: Step): Result | undefined {
	if (step.how === "run") return isMask(step.command) ? "masked" : undefined;
	return step.how === "insert" ? undefined : step.how;
}
