// Carries plans out, many modules at once: each begins when its prerequisites have ended and a place is free. Plans join
// what is in flight: a module is begun once however many plans hold it, and no plan waits for another as a whole. An order
// that a plan asks for holds for what is in flight already and has not begun.
// What is live is the kernel's to say (EEXIST): nothing is remembered between plans.
import { type Kernel, Refusal } from "../kernel/kernel.js";
import type { Prerequisite, Step } from "../planning/plan-insertion.js";
import { isMask, isUsable, type Outcome, type Result } from "./outcome.js";
import { makePlaces, type Place } from "./semaphore.js";
import { makeWaits } from "./waits.js";

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
	/** What has run for so long hangs: its place goes to another, and it is left to end. Never where absent. */
	readonly hungMilliseconds?: number;
	readonly onHung?: (step: Step) => void;
	/** It waits for a module that hangs, `behind`, or for what waits for that: as a rival, or because it needs it. */
	readonly onStuck?: (step: Step, behind: string) => void;
	/** A plan for what a step cannot do without and is not live any more: asked once time has passed since its own plan. */
	readonly replan?: (step: Step) => readonly Step[];
	/** How long, beyond its plan, others wait for it, in modules; what is waited for longest is begun first. 0 where absent. */
	readonly weigh?: (step: Step) => number;
};

export type CarryOutOptions = {
	/**
	 * For a request that a module in its init waits for. Where all places are taken by such ones it would wait for ever, and so
	 * it would where it waits for a softdep or a rival that is that very module: it waits for hard dependencies alone, once
	 * something has begun.
	 */
	readonly beyondBound?: boolean;
};

export type Running = { readonly module: string; readonly milliseconds: number; readonly hung: boolean };

export type Stuck = { readonly module: string; readonly behind: string };

export type Inserter = {
	/** Begins what is not in flight yet; one flight for each step, in the plan's order. */
	carryOut(plan: readonly Step[], options?: CarryOutOptions): readonly Flight[];
	/** Modules whose insertion or command runs now, and for how long it has. */
	running(): readonly Running[];
	/** Modules that have not begun because they wait for one that hangs, or for a place where so many hang: it is `behind`. */
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
	const { onHung = () => undefined, onStuck = () => undefined } = options;
	const flights = new Map<string, Airborne>();
	const running = new Map<string, number>();
	const hung = new Set<string>();
	/** Who was in flight and needed a module when that failed: if it is tried again, that is waited for. */
	const deprived = new Map<string, readonly Airborne[]>();
	const places = makePlaces(parallel, weigh);
	const waits = makeWaits({
		onFree: (module) => void goOn(flights.get(module)),
		onStuck(module, behind) {
			const flight = flights.get(module)!;
			onStuck(flight.step, behind);
			if (stopped) queueMicrotask(() => endStopped(flight));
		},
	});
	let stopped = false;

	function enter(step: Step): Airborne {
		const needed = new Set<string>();
		const flight = { ...withResolvers<Outcome>(), step, needed, failed: new Map(), begun: false, told: false };
		flights.set(step.module, flight);
		waits.enter(step.module);
		for (const other of deprived.get(step.module) ?? []) {
			if (other.begun || flights.get(other.step.module) !== other) continue;
			other.failed.delete(step.module);
			waits.wait(other.step.module, step.module, "dependency");
		}
		deprived.delete(step.module);
		return flight;
	}

	/** What is not in flight has ended, or is live. @param passedBy by module, rivals that do not end before it begins */
	function lookFor(flight: Airborne, prerequisites: readonly Prerequisite[], passedBy: Map<string, string[]>): void {
		const { module: own } = flight.step;
		const notAwaited: string[] = [];
		for (const { module, hard, rival } of prerequisites) {
			if (hard && !flight.begun) flight.needed.add(module);
			if (rival === undefined) waits.wait(own, module, hard ? "dependency" : "softdep");
			else
				for (const one of [module, ...(passedBy.get(module) ?? [])])
					if (!waits.wait(own, one, "rival")) notAwaited.push(one);
		}
		if (notAwaited.length > 0) passedBy.set(own, notAwaited);
	}

	/** An order that this plan knows of counts for what an earlier one brought up, as long as that has not begun. */
	function join(flight: Airborne, step: Step): void {
		if (step.required) flight.step = { ...flight.step, required: true };
	}

	function end(flight: Airborne, outcome: Omit<Outcome, "step">): void {
		const { module } = flight.step;
		if (flights.get(module) !== flight) return;
		const ended = { ...outcome, step: flight.step };
		flights.delete(module);
		places.forget(module);
		if (!isUsable(ended)) {
			const others = [...flights.values()].filter(({ begun, needed }) => !begun && needed.has(module));
			for (const other of others) other.failed.set(module, ended);
			if (others.length > 0) deprived.set(module, others);
		}
		waits.end(module);
		flight.resolve(ended);
	}

	function endStopped(flight: Airborne | undefined): void {
		if (flight?.begun === false) end(flight, { result: "stopped", milliseconds: 0 });
	}

	/** Whatever it waited for has ended or was let go. */
	async function goOn(flight: Airborne | undefined): Promise<void> {
		if (flight === undefined || flight.begun || flight.asks) return;
		flight.asks = true;
		// Plans are taken up whole before anything of them goes on.
		await Promise.resolve();
		while (flights.get(flight.step.module) === flight && !waits.isWaiting(flight.step.module)) {
			const place = await askForPlace(flight);
			if (place !== undefined) return end(flight, await fly(flight, place));
		}
		flight.asks = false;
	}

	/** Undefined where it has ended without one, or has to wait again. With a place it has begun. */
	async function askForPlace(flight: Airborne): Promise<Place | undefined> {
		const { step } = flight;
		const because = [...flight.needed]
			.map((module) => flight.failed.get(module))
			.find((outcome) => outcome !== undefined);
		const idle = resultWithoutActing(step);
		if (because !== undefined) end(flight, { result: resultBehind(because), milliseconds: 0, because });
		else if (idle !== undefined) end(flight, { result: idle, milliseconds: 0 });
		else {
			const place = await places.take(step.module);
			if (!stopped && !waits.isWaiting(step.module)) {
				flight.begun = true;
				waits.begin(step.module);
				return place;
			}
			place.leave();
			if (stopped) endStopped(flight);
		}
		return undefined;
	}

	async function fly(flight: Airborne, place: Place): Promise<Omit<Outcome, "step">> {
		const { step } = flight;
		const begun = performance.now();
		running.set(step.module, begun);
		const watch = watchOver(step, place);
		const ended = () => performance.now() - begun;
		try {
			if (place.late) await revive(step);
			return { ...(await act(step)), milliseconds: ended() };
		} catch (error) {
			return { ...refused(error), milliseconds: ended() };
		} finally {
			clearTimeout(watch);
			running.delete(step.module);
			hung.delete(step.module);
			place.leave();
		}
	}

	function watchOver(step: Step, place: Place): ReturnType<typeof setTimeout> | undefined {
		if (hungMilliseconds === undefined) return undefined;
		return setTimeout(() => {
			hung.add(step.module);
			place.lend();
			onHung(step);
			waits.hang(step.module);
		}, hungMilliseconds);
	}

	async function act(step: Step): Promise<Pick<Outcome, "result" | "exitStatus">> {
		if (step.how === "run") return runCommand(step);
		if (step.how === "insert") await insert(step);
		return { result: "inserted" };
	}

	async function insert(step: Step & { how: "insert" }): Promise<void> {
		try {
			await kernel.insert(step.path, step.parameters);
		} catch (error) {
			const lacksSymbol = error instanceof Refusal && error.operation === "insert" && error.code === "ENOENT";
			if (!lacksSymbol || !(await revive(step))) throw error;
			await kernel.insert(step.path, step.parameters);
		}
	}

	/**
	 * Loads again what it needs and somebody has removed meanwhile. What that brings with it by softdeps is not waited for: it may
	 * need this very module. Whether there was such a thing.
	 */
	async function revive(step: Step): Promise<boolean> {
		const plan = stopped ? [] : replan(step).filter(({ module }) => module !== step.module);
		// The place that it holds may be the last one.
		const revived = launch(plan, { beyondBound: true, told: false });
		await Promise.all(revived.flatMap(({ flight }, place) => (plan[place]!.required ? [flight.promise] : [])));
		return plan.length > 0;
	}

	async function runCommand(step: Step & { how: "run" }): Promise<Pick<Outcome, "result" | "exitStatus">> {
		const command = step.command.replaceAll("$CMDLINE_OPTS", () => step.parameters);
		const exitStatus = await kernel.run(command, { MODPROBE_MODULE: step.module });
		return exitStatus === 0 ? { result: "ran" } : { result: "failed", exitStatus };
	}

	/** @param told whether the caller tells what comes of the plan */
	function launch(plan: readonly Step[], { beyondBound, told }: { beyondBound: boolean; told: boolean }) {
		places.raise(plan);
		const passedBy = new Map<string, string[]>();
		const launched = plan.map((step) => {
			const flying = flights.get(step.module);
			if (flying !== undefined) join(flying, step);
			const flight = flying ?? enter(step);
			lookFor(flight, step.after, passedBy);
			const joined = flying?.told === true;
			flight.told ||= told;
			return { flight, joined };
		});
		const modules = plan.map(({ module }) => module);
		if (beyondBound) {
			waits.letGo(modules);
			places.hurry(waits.waitedForBy(modules).filter((module) => flights.get(module)?.begun === false));
		}
		for (const { flight } of launched) if (!waits.isWaiting(flight.step.module)) void goOn(flight);
		return launched;
	}

	function carryOut(plan: readonly Step[], { beyondBound = false }: CarryOutOptions = {}): readonly Flight[] {
		return launch(plan, { beyondBound, told: true }).map(({ flight, joined }) => ({ outcome: flight.promise, joined }));
	}

	/** Where no more may hang than do, and nothing else runs, nothing begins before one of these ends. */
	function listCrowdedOut(stuck: readonly Stuck[]): readonly Stuck[] {
		const [behind] = hung;
		if (behind === undefined || !places.isFull() || running.size > hung.size) return [];
		const known = new Set(stuck.map(({ module }) => module));
		const left = [...flights.values()].filter(({ begun, step }) => !begun && !known.has(step.module));
		return left.map(({ step }) => ({ module: step.module, behind }));
	}

	return {
		carryOut,
		running: () =>
			[...running].map(([module, begun]) => ({
				module,
				milliseconds: performance.now() - begun,
				hung: hung.has(module),
			})),
		stuck() {
			const stuck = waits.stuck();
			return [...stuck, ...listCrowdedOut(stuck)];
		},
		inFlight: () => flights.size,
		// Whatever waits for what it needs waits for something that runs or waits for a place.
		busy: () => running.size - hung.size + places.waiting(),
		isWaiting: (module) => flights.has(module) && !running.has(module),
		stop() {
			stopped = true;
			places.open();
			// What hangs may never end: whoever waits for it has its answer now.
			for (const { module } of waits.stuck()) endStopped(flights.get(module));
		},
	};
}

/** A step in flight. */
type Airborne = {
	step: Step;
	/** What it cannot do without, by all plans that it is in, in their order. */
	readonly needed: Set<string>;
	/** Of that, what did not come to life. */
	readonly failed: Map<string, Outcome>;
	readonly promise: Promise<Outcome>;
	readonly resolve: (outcome: Outcome) => void;
	/** It waits for its turn. */
	asks?: boolean;
	/** Whether somebody tells what comes of it. */
	told: boolean;
	begun: boolean;
};

function withResolvers<Value>() {
	let resolve: (value: Value) => void = () => undefined;
	const promise = new Promise<Value>((done) => {
		resolve = done;
	});
	return { promise, resolve };
}

function resultBehind({ result }: Outcome): Result {
	return result === "stopped" ? "stopped" : "blocked";
}

/** What needs no place, since nothing is run for it. */
function resultWithoutActing(step: Step): Result | undefined {
	if (step.how === "run") return isMask(step.command) ? "masked" : undefined;
	return step.how === "insert" ? undefined : step.how;
}

function refused(thrown: unknown): Pick<Outcome, "result" | "reason"> {
	const reason = thrown instanceof Error ? thrown : new Error(String(thrown));
	// What open(2) says of the file is nothing that the module's init has answered.
	const code = reason instanceof Refusal && reason.operation === "insert" ? reason.code : "";
	if (code === "EEXIST") return { result: "live" };
	return { result: code === "ENODEV" || code === "ENXIO" ? "no device" : "failed", reason };
}
