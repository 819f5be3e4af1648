// The modules that one load request waits for, and its reply when it waits for none any more.
//
// A request in a user's name waits for the whole plan, as modprobe does, except for modules that hang or wait for one that hangs,
// since they may never end. When the kernel asks, a module may be waiting for the answer in its init, and nobody can know which
// one. Such a request therefore waits for the wanted modules alone, which wait for what they need. A wanted module that had begun
// before the request is not waited for, unless no other wanted module comes to life.
import { isUsable, type Outcome } from "../../libkmod/insertion/outcome.js";
import { type Decision, listWanted } from "../decisions/decider.js";
import { judgeLoad } from "./load-verdict.js";
import type { LoadReply } from "./protocol.js";

export class Asked {
	readonly #byKernel: boolean;
	readonly #outcomes: Outcome[] = [];
	readonly #inFlight = new Set<string>();
	readonly #begunBefore = new Set<string>();
	#decisions: readonly Decision[] = [];
	#wanted: readonly string[] | undefined;
	#isPlanned = false;

	constructor(byKernel: boolean) {
		this.#byKernel = byKernel;
	}

	/** @param running modules that had begun before the request */
	decided(decisions: readonly Decision[], running: readonly string[]): void {
		this.#decisions = decisions;
		this.#wanted = listWanted(decisions).map(({ module }) => module);
		for (const module of running) this.#begunBefore.add(module);
	}

	/** Adds modules that are in flight for the request. An outcome of each follows. */
	planned(modules: readonly string[]): void {
		this.#isPlanned = true;
		for (const module of modules) this.#inFlight.add(module);
	}

	ended(outcome: Outcome): void {
		this.#outcomes.push(outcome);
		this.#inFlight.delete(outcome.step.module);
	}

	/** Whether a wanted module was not begun because the agent stops. */
	isLeft(): boolean {
		return this.#outcomes.some(({ result, step }) => result === "stopped" && this.#wanted?.includes(step.module));
	}

	/** Whether all wanted modules have begun, or ended. */
	hasBegun(isWaiting: (module: string) => boolean): boolean {
		return this.#wanted?.some(isWaiting) === false;
	}

	/**
	 * Returns the reply, or undefined while the request still waits. @param hanging modules that make no progress, each with the
	 * reason in words
	 */
	judge(hanging: ReadonlyMap<string, string>): LoadReply | undefined {
		if (!this.#isPlanned) return undefined;
		const awaited = this.#listAwaited();
		if (awaited.some((module) => !hanging.has(module))) return undefined;
		const held = awaited.find((module) => this.#wanted?.includes(module));
		if (held !== undefined)
			return { result: "failed", explanation: `${hanging.get(held)}: ${held} may still be loaded later` };
		return judgeLoad(this.#decisions, this.#outcomes);
	}

	#listAwaited(): readonly string[] {
		if (!this.#byKernel) return [...this.#inFlight];
		const left = (this.#wanted ?? []).filter((module) => this.#inFlight.has(module));
		const begunLater = left.filter((module) => !this.#begunBefore.has(module));
		if (begunLater.length > 0) return begunLater;
		return this.#isAnyLive() ? [] : left;
	}

	#isAnyLive(): boolean {
		const failed = new Set(this.#outcomes.filter((outcome) => !isUsable(outcome)).map(({ step }) => step.module));
		return (this.#wanted ?? []).some((module) => !this.#inFlight.has(module) && !failed.has(module));
	}
}
