// Carries plans out, many modules at once: each begins when its prerequisites have ended and a permit is free. Plans join
// what is in flight: a module is begun once however many plans hold it, and no plan waits for another as a whole. An order
// that a plan asks for holds for what is in flight already and has not begun. A module that a probe or another inserter over the
// same Kernel acts on is joined, too (flights.ts).
// What is live is the kernel's to say (EEXIST): nothing is remembered between plans. Acts: the kernel, timers, a monotonic clock.
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
	/** How many modules may be in their init at once, over all plans: 1 or more. */
	readonly parallel: number;
	/** What has run for so long hangs: its permit is lent to another module, and it is left to end. Never where absent. */
	readonly hungMilliseconds?: number;
	readonly onHung?: (step: Step) => void;
	/** It waits for a module that hangs, `behind`, or for what waits for that: as a rival, or because it needs it. */
	readonly onStuck?: (step: Step, behind: string) => void;
	/** A plan for what a step cannot do without and is not live any more: asked once time has passed since its own plan. */
	readonly replan?: (step: Step) => readonly Step[];
	/** How long, beyond its plan, others wait for it, in modules; what is waited for longest is begun first. 0 where absent. */
	readonly weigh?: (step: Step) => number;
	/** A monotonic clock, in milliseconds: performance.now() where absent. */
	readonly now?: () => number;
};

/** What one plan has of a step. */
export type Launched = {
	readonly planned: PlannedStep;
	/** Whether an earlier plan had it in flight, and its asker tells what comes of it. */
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

	/** @param told whether the caller tells what comes of the plan */
	launch(
		plan: readonly Step[],
		{ beyondBound, told }: { readonly beyondBound: boolean; readonly told: boolean },
	): readonly Launched[] {
		this.semaphore.raise(plan);
		const passedBy = new Map<string, string[]>();
		const launched = plan.map((step) => {
			const known = this.steps.get(step.module);
			// What one plan requires is required, whichever plan brought it up.
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

	/** Nothing more begins; what runs is left to end. */
	stop(): void {
		this.#stopped = true;
		this.semaphore.open();
		// What hangs may never end: what waits for it has its answer now.
		for (const { module } of this.waits.stuck()) this.#endStopped(this.steps.get(module));
	}

	#letPass(modules: readonly string[]): void {
		this.waits.letGo(modules);
		const waitedFor = this.waits.waitedForBy(modules);
		this.semaphore.hurry(waitedFor.filter((module) => this.steps.get(module)?.begun === false));
	}

	/** A step that no plan holds yet. Where others act on the module before its turn has come, what comes of that is its outcome. */
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

	/** Whatever it waited for has ended or was let go. */
	async #goOn(planned: PlannedStep | undefined): Promise<void> {
		if (planned === undefined || planned.begun || planned.asks) return;
		planned.asks = true;
		// Plans are taken up whole before anything of them goes on.
		await Promise.resolve();
		while (this.steps.isOpen(planned) && !this.waits.isWaiting(planned.step.module)) {
			const permit = await this.#askForPermit(planned);
			if (permit !== undefined) return this.#fly(planned, permit);
		}
		planned.asks = false;
	}

	/** Undefined where it has ended without one, or has to wait again. With a permit it has begun. */
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
		this.steps.end(planned, { ...result, milliseconds: end() });
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
	 * Loads again what the step needs and somebody has removed meanwhile. What that brings with it by softdeps is not waited for: it
	 * may need this very module. Whether there was such a thing.
	 */
	async #revive(step: Step): Promise<boolean> {
		const plan = this.#stopped ? [] : this.#replan(step).filter(({ module }) => module !== step.module);
		// The permit that the step holds may be the last one.
		const revived = this.launch(plan, { beyondBound: true, told: false });
		await Promise.all(revived.flatMap(({ planned }, n) => (plan[n]!.required ? [planned.outcome] : [])));
		return plan.length > 0;
	}
}

function resultBehind({ result }: Outcome): Result {
	return result === "stopped" ? "stopped" : "blocked";
}

/** Of a step that needs no permit, since nothing is run for it. */
function resultWithoutActing(step: Step): Result | undefined {
	if (step.how === "run") return isMask(step.command) ? "masked" : undefined;
	return step.how === "insert" ? undefined : step.how;
}
