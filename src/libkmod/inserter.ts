// Carries plans out, many modules at once: each begins when its prerequisites have ended and a place is free. Plans join
// what is in flight: a module is begun once however many plans hold it, and no plan waits for another as a whole.
// What is live is the kernel's to say (EEXIST): nothing is remembered between plans.
import { type Kernel, Refusal } from "./kernel.js";
import { makePlaces, type Place } from "./places.js";
import type { Step } from "./plan-insertion.js";

export type Result =
	| "inserted"
	| "live" // already, or somebody else was quicker
	| "builtin"
	| "ran" // its `install` command, which ended with 0
	| "masked" // its `install` command is true or false: it was not run
	| "no device" // its init answered ENODEV or ENXIO: there is no such hardware
	| "failed"
	| "missing" // there is neither a file nor a command for it
	| "blocked" // something it cannot do without did not come to life
	| "stopped"; // it had not begun when the inserter was stopped

export type Outcome = {
	readonly step: Step;
	readonly result: Result;
	/** From begin to end, without the wait for prerequisites and a place. */
	readonly milliseconds: number;
	/** Why it failed: a Refusal where it was the kernel's answer. */
	readonly reason?: Error;
	/** What the `install` command ended with. */
	readonly exitStatus?: number;
	/** What blocked it. */
	readonly because?: Outcome;
};

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
	/** How long, beyond its plan, others wait for it, in modules; what is waited for longest is begun first. 0 where absent. */
	readonly weigh?: (step: Step) => number;
};

export type CarryOutOptions = {
	/** For a request that a module in its init waits for: where all places are taken by such ones, it would wait for ever. */
	readonly beyondBound?: boolean;
};

export type Running = { readonly module: string; readonly milliseconds: number; readonly hung: boolean };

export type Inserter = {
	/** Begins what is not in flight yet; one flight for each step, in the plan's order. */
	carryOut(plan: readonly Step[], options?: CarryOutOptions): readonly Flight[];
	/** Modules whose insertion or command runs now, and for how long it has. */
	running(): readonly Running[];
	/** Modules in flight: running or waiting for their turn. */
	inFlight(): number;
	/** Those of them that get on: what hangs, and what waits for that alone, does not. */
	busy(): number;
	/** Nothing more begins; what runs is left to end. */
	stop(): void;
};

export function makeInserter(options: InserterOptions): Inserter {
	const { kernel, parallel, hungMilliseconds, onHung = () => undefined, weigh = () => 0 } = options;
	const flights = new Map<string, Promise<Outcome>>();
	const running = new Map<string, number>();
	const hung = new Set<string>();
	/** In flight, and joined by a plan that cannot do without: whoever began it may have wanted it by a softdep alone. */
	const requiredSince = new Set<string>();
	const places = makePlaces(parallel, weigh);
	let stopped = false;

	async function carryOutStep(step: Step, prerequisites: readonly Promise<Outcome>[]): Promise<Outcome> {
		const before = await Promise.all(prerequisites);
		const because = before.find(
			(outcome) => !isUsable(outcome) && step.after.some(({ module, hard }) => hard && module === outcome.step.module),
		);
		if (because !== undefined)
			return { step, result: because.result === "stopped" ? "stopped" : "blocked", milliseconds: 0, because };
		const idle = resultWithoutActing(step);
		if (idle !== undefined) return { step, result: idle, milliseconds: 0 };
		const place = await places.take(step.module);
		if (stopped) {
			place.leave();
			return { step, result: "stopped", milliseconds: 0 };
		}
		const begun = performance.now();
		running.set(step.module, begun);
		const watch = watchOver(step, place);
		try {
			return { ...(await act(step)), step, milliseconds: performance.now() - begun };
		} catch (error) {
			return { ...refused(error), step, milliseconds: performance.now() - begun };
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
			place.leave();
			onHung(step);
		}, hungMilliseconds);
	}

	async function act(step: Step): Promise<Pick<Outcome, "result" | "exitStatus">> {
		if (step.how === "run") return runCommand(step);
		if (step.how === "insert") await kernel.insert(step.path, step.parameters);
		return { result: "inserted" };
	}

	async function runCommand(step: Step & { how: "run" }): Promise<Pick<Outcome, "result" | "exitStatus">> {
		const command = step.command.replaceAll("$CMDLINE_OPTS", () => step.parameters);
		const exitStatus = await kernel.run(command, { MODPROBE_MODULE: step.module });
		return exitStatus === 0 ? { result: "ran" } : { result: "failed", exitStatus };
	}

	function begin(step: Step, prerequisites: readonly Promise<Outcome>[]): Promise<Outcome> {
		const flight = carryOutStep(step, prerequisites).then((outcome) => {
			flights.delete(step.module);
			places.forget(step.module);
			return requiredSince.delete(step.module) ? { ...outcome, step: { ...step, required: true } } : outcome;
		});
		flights.set(step.module, flight);
		return flight;
	}

	return {
		carryOut(plan, { beyondBound = false } = {}) {
			places.raise(plan);
			const begun = plan.map((step) => {
				const flying = flights.get(step.module);
				if (flying !== undefined) {
					if (step.required) requiredSince.add(step.module);
					return { outcome: flying, joined: true };
				}
				const outcome = begin(
					step,
					step.after.flatMap(({ module }) => flights.get(module) ?? []),
				);
				return { outcome, joined: false };
			});
			if (beyondBound) places.hurry(plan.flatMap(({ module }) => (flights.has(module) ? [module] : [])));
			return begun;
		},
		running: () =>
			[...running].map(([module, begun]) => ({
				module,
				milliseconds: performance.now() - begun,
				hung: hung.has(module),
			})),
		inFlight: () => flights.size,
		// Whatever waits for what it needs waits for something that runs or waits for a place.
		busy: () => running.size - hung.size + places.waiting(),
		stop() {
			stopped = true;
			places.open();
		},
	};
}

/** Whether modules that need this one can go on. */
export function isUsable({ result, step }: Outcome): boolean {
	if (result === "masked") return step.how === "run" && !step.command.trimEnd().endsWith("false");
	return result === "inserted" || result === "live" || result === "builtin" || result === "ran";
}

/** An `install` line that keeps a module out: what it runs does nothing, so that running it can be spared. */
export function isMask(command: string): boolean {
	return /^(?:\/(?:usr\/)?bin\/)?(?:true|false)$/.test(command.trim());
}

/** What needs no place, since nothing is run for it. */
function resultWithoutActing(step: Step): Result | undefined {
	if (step.how === "run") return isMask(step.command) ? "masked" : undefined;
	return step.how === "insert" ? undefined : step.how;
}

function refused(thrown: unknown): Pick<Outcome, "result" | "reason"> {
	const reason = thrown instanceof Error ? thrown : new Error(String(thrown));
	const code = reason instanceof Refusal ? reason.code : "";
	if (code === "EEXIST") return { result: "live" };
	return { result: code === "ENODEV" || code === "ENXIO" ? "no device" : "failed", reason };
}
