// Carries plans out, many modules at once: each begins when its prerequisites have ended and a place is free. Plans join
// what is in flight: a module is begun once however many plans hold it, and no plan waits for another as a whole.
// What is live is the kernel's to say (EEXIST): nothing is remembered between plans.
import { type Kernel, Refusal } from "./kernel.js";
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
};

export type Inserter = {
	/** Begins what is not in flight yet; one flight for each step, in the plan's order. */
	carryOut(plan: readonly Step[]): readonly Flight[];
	/** Modules whose insertion or command runs now. */
	running(): readonly string[];
	/** Modules in flight: running or waiting for their turn. */
	inFlight(): number;
	/** Nothing more begins; what runs is left to end. */
	stop(): void;
};

export function makeInserter({ kernel, parallel }: InserterOptions): Inserter {
	const flights = new Map<string, Promise<Outcome>>();
	const running = new Set<string>();
	const waiting: { readonly module: string; readonly begin: () => void }[] = [];
	/** How long a chain of modules in flight waits for each: the longest chain is begun first. */
	const heights = new Map<string, number>();
	/** In flight, and joined by a plan that cannot do without: whoever began it may have wanted it by a softdep alone. */
	const requiredSince = new Set<string>();
	let taken = 0;
	let due = false;
	let stopped = false;

	function takePlace(module: string): Promise<void> {
		givePlacesSoon();
		return new Promise((begin) => waiting.push({ module, begin }));
	}

	/** At the end of the turn, when all who want a place in it have asked: the longest chain is served, not who asked first. */
	function givePlacesSoon(): void {
		if (!due) setImmediate(givePlaces);
		due = true;
	}

	/** Once stopped there is a place for everybody: to hear of it. */
	function givePlaces(): void {
		due = false;
		while (waiting.length > 0 && (taken < parallel || stopped)) {
			let next = 0;
			for (let place = 1; place < waiting.length; place++) if (heightOf(place) > heightOf(next)) next = place;
			taken++;
			waiting.splice(next, 1)[0]!.begin();
		}
	}

	function leavePlace(): void {
		taken--;
		givePlacesSoon();
	}

	function heightOf(place: number): number {
		return heights.get(waiting[place]!.module) ?? 0;
	}

	/** A plan's prerequisites stand before what needs them, so from its end each chain is known before it is lengthened. */
	function raise(plan: readonly Step[]): void {
		for (const step of plan)
			if (!heights.has(step.module)) heights.set(step.module, goesOn(step) ? BEYOND_THE_PLAN : 0);
		for (const { module, after } of plan.toReversed()) {
			const height = heights.get(module)! + 1;
			for (const needed of after) {
				const known = heights.get(needed.module);
				// What is live already is not in flight.
				if (known !== undefined && known < height) heights.set(needed.module, height);
			}
		}
	}

	async function carryOutStep(step: Step, prerequisites: readonly Promise<Outcome>[]): Promise<Outcome> {
		const before = await Promise.all(prerequisites);
		const because = before.find(
			(outcome) => !isUsable(outcome) && step.after.some(({ module, hard }) => hard && module === outcome.step.module),
		);
		if (because !== undefined)
			return { step, result: because.result === "stopped" ? "stopped" : "blocked", milliseconds: 0, because };
		const idle = resultWithoutActing(step);
		if (idle !== undefined) return { step, result: idle, milliseconds: 0 };
		await takePlace(step.module);
		if (stopped) {
			leavePlace();
			return { step, result: "stopped", milliseconds: 0 };
		}
		running.add(step.module);
		const begun = performance.now();
		try {
			return { ...(await act(step)), step, milliseconds: performance.now() - begun };
		} catch (error) {
			return { ...refused(error), step, milliseconds: performance.now() - begun };
		} finally {
			running.delete(step.module);
			leavePlace();
		}
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
			heights.delete(step.module);
			return requiredSince.delete(step.module) ? { ...outcome, step: { ...step, required: true } } : outcome;
		});
		flights.set(step.module, flight);
		return flight;
	}

	return {
		carryOut(plan) {
			raise(plan);
			return plan.map((step) => {
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
		},
		running: () => [...running],
		inFlight: () => flights.size,
		stop() {
			stopped = true;
			givePlaces();
		},
	};
}

/** Longer than the chains of one plan commonly are. */
const BEYOND_THE_PLAN = 4;

/** A USB host controller (PCI class 0C03) brings up hubs and devices one after the other, each with drivers of its own. */
function goesOn({ cause }: Step): boolean {
	return cause.kind === "alias" && /^pci:.*bc0Csc03/.test(cause.alias);
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
