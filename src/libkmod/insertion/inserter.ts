// Carries plans out, many modules at once: each begins when its prerequisites have ended and a permit is free. Plans join
// what is in flight: a module is begun once however many plans hold it, and no plan waits for another as a whole. An order
// that a plan asks for holds for what is in flight already and has not begun. A module that a probe or another inserter over the
// same Kernel acts on is joined, too (flights.ts).
// What is live is the kernel's to say (EEXIST): nothing is remembered between plans. Acts: the kernel, timers, a monotonic clock.
import type { Kernel } from "../kernel/kernel.js";
import type { Step } from "../planning/plan-insertion.js";
import { actOn, commandsBy, lacksSymbol, type Means, resultOf } from "./answer.js";
import { flightsOf } from "./flights.js";
import { isMask, type Outcome, type Result } from "./outcome.js";
import { makePlannedSteps, type PlannedStep } from "./planned-steps.js";
import { makeRunningModules, type Running, type RunningModules } from "./running-modules.js";
import { makeSemaphore, type Permit, type Semaphore } from "./semaphore.js";
import { makeWaits, type Waits } from "./waits.js";

export type { Running } from "./running-modules.js";

export type Flight = {
	/** Never rejects. */
	readonly outcome: Promise<Outcome>;
	/** Whether an earlier plan had begun it. */
	readonly joined: boolean;
};

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
	const { kernel, parallel, hungMilliseconds, weigh = () => 0, replan = () => [] } = options;
	const { onHung = () => undefined, onStuck = () => undefined, now = () => performance.now() } = options;
	const flights = flightsOf(kernel);
	const semaphore = makeSemaphore(parallel, weigh);
	const waits = makeWaits({
		onFree: (module) => void goOn(steps.get(module)),
		onStuck(module, behind) {
			const planned = steps.get(module)!;
			onStuck(planned.step, behind);
			if (stopped) queueMicrotask(() => endStopped(planned));
		},
	});
	const steps = makePlannedSteps(waits, semaphore);
	const running = makeRunningModules({
		now,
		hungMilliseconds,
		onHung(step) {
			onHung(step);
			waits.hang(step.module);
		},
	});
	let stopped = false;

	/** A step that no plan holds yet. Where others act on the module before its turn has come, what they have come to is its outcome. */
	function enter(step: Step): PlannedStep {
		const planned = steps.enter(step);
		const stopListening = flights.listen(step.module, (answer) => {
			if (!planned.begun) steps.end(planned, { ...resultOf(answer), milliseconds: 0 });
		});
		void planned.outcome.then(stopListening);
		return planned;
	}

	function endStopped(planned: PlannedStep | undefined): void {
		if (planned?.begun === false) steps.end(planned, { result: "stopped", milliseconds: 0 });
	}

	/** Whatever it waited for has ended or was let go. */
	async function goOn(planned: PlannedStep | undefined): Promise<void> {
		if (planned === undefined || planned.begun || planned.asks) return;
		planned.asks = true;
		// Plans are taken up whole before anything of them goes on.
		await Promise.resolve();
		while (steps.isOpen(planned) && !waits.isWaiting(planned.step.module)) {
			const permit = await askForPermit(planned);
			if (permit !== undefined) return fly(planned, permit);
		}
		planned.asks = false;
	}

	/** Undefined where it has ended without one, or has to wait again. With a permit it has begun. */
	async function askForPermit(planned: PlannedStep): Promise<Permit | undefined> {
		const { step } = planned;
		const because = steps.blockedBy(planned);
		const idle = resultWithoutActing(step);
		if (because !== undefined) steps.end(planned, { result: resultBehind(because), milliseconds: 0, because });
		else if (idle !== undefined) steps.end(planned, { result: idle, milliseconds: 0 });
		else {
			const permit = await semaphore.acquire(step.module);
			if (!stopped && steps.isOpen(planned) && !waits.isWaiting(step.module)) {
				planned.begun = true;
				waits.begin(step.module);
				return permit;
			}
			permit.release();
			if (stopped) endStopped(planned);
		}
		return undefined;
	}

	async function fly(planned: PlannedStep, permit: Permit): Promise<void> {
		const { step } = planned;
		const end = running.begin(step, permit);
		const { answer } = flights.begin(step.module, async () => {
			if (permit.late) await revive(step);
			return actOn(step, meansFor(step));
		});
		const result = resultOf(await answer);
		steps.end(planned, { ...result, milliseconds: end() });
	}

	function meansFor(step: Step): Means {
		return {
			async insert(path, parameters) {
				try {
					await kernel.insert(path, parameters);
				} catch (error) {
					if (!lacksSymbol(error) || !(await revive(step))) throw error;
					await kernel.insert(path, parameters);
				}
			},
			run: commandsBy(kernel),
		};
	}

	/**
	 * Loads again what it needs and somebody has removed meanwhile. What that brings with it by softdeps is not waited for: it may
	 * need this very module. Whether there was such a thing.
	 */
	async function revive(step: Step): Promise<boolean> {
		const plan = stopped ? [] : replan(step).filter(({ module }) => module !== step.module);
		// The permit that it holds may be the last one.
		const revived = launch(plan, { beyondBound: true, told: false });
		await Promise.all(revived.flatMap(({ planned }, n) => (plan[n]!.required ? [planned.outcome] : [])));
		return plan.length > 0;
	}

	/** @param told whether the caller tells what comes of the plan */
	function launch(plan: readonly Step[], { beyondBound, told }: { beyondBound: boolean; told: boolean }) {
		semaphore.raise(plan);
		const passedBy = new Map<string, string[]>();
		const launched = plan.map((step) => {
			const known = steps.get(step.module);
			// What one plan requires is required, whichever plan brought it up.
			if (known !== undefined && step.required) known.step = { ...known.step, required: true };
			const planned = known ?? enter(step);
			steps.awaitAll(planned, step.after, passedBy);
			const joined = known?.told === true;
			planned.told ||= told;
			return { planned, joined };
		});
		if (beyondBound) letPass(plan.map(({ module }) => module));
		for (const { planned } of launched) if (!waits.isWaiting(planned.step.module)) void goOn(planned);
		return launched;
	}

	function letPass(modules: readonly string[]): void {
		waits.letGo(modules);
		semaphore.hurry(waits.waitedForBy(modules).filter((module) => steps.get(module)?.begun === false));
	}

	return {
		carryOut: (plan, { beyondBound = false } = {}) =>
			launch(plan, { beyondBound, told: true }).map(({ planned: { outcome }, joined }) => ({ outcome, joined })),
		running: running.list,
		stuck: () => listStuck(waits, steps.waiting(), running, semaphore),
		inFlight: steps.size,
		// A module that waits for another waits for one that runs or asks for a permit.
		busy: () => running.busy() + semaphore.waiting(),
		isWaiting: (module) => steps.has(module) && !running.has(module),
		stop() {
			stopped = true;
			semaphore.open();
			// What hangs may never end: what waits for it has its answer now.
			for (const { module } of waits.stuck()) endStopped(steps.get(module));
		},
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

function resultBehind({ result }: Outcome): Result {
	return result === "stopped" ? "stopped" : "blocked";
}

/** Of a step that needs no permit, since nothing is run for it. */
function resultWithoutActing(step: Step): Result | undefined {
	if (step.how === "run") return isMask(step.command) ? "masked" : undefined;
	return step.how === "insert" ? undefined : step.how;
}
