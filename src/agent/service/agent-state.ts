// The state that status tells: the phase that the agent was put in, and in the phase "serving" whether the agent is working or
// settled.

import type { Pipeline } from "../pipeline/pipeline.js";
import { isUnderWay } from "../pipeline/progress.js";
import type { AgentState } from "../telling/status.js";

export type Phase = Exclude<AgentState, "working" | "settled"> | "serving";

type StateOptions = Pick<Pipeline, "inserter" | "progress"> & {
	/** Milliseconds after the last work before the agent is settled. */
	readonly quietMilliseconds: number;
	/** A monotonic clock, in milliseconds. */
	readonly now: () => number;
};

export class StateWatch {
	readonly #options: StateOptions;
	#phase: { readonly name: Phase; readonly since: number };
	/** The time of the last work, and the time of the first work since the agent was last settled. */
	#worked: { readonly first: number; readonly last: number };

	/** @param begun when the agent began, by that clock */
	constructor(options: StateOptions, begun: number) {
		this.#options = options;
		this.#phase = { name: "starting", since: begun };
		this.#worked = { first: begun, last: begun };
	}

	/** No phase follows "stopping". */
	enter(name: Phase): void {
		const current = this.#phase.name;
		if (current !== name && current !== "stopping") this.#phase = { name, since: this.#options.now() };
	}

	/** Notes that the socket listens. */
	listens(): void {
		if (this.#phase.name === "starting") this.enter("serving");
	}

	/** Notes work: a batch began, or an insertion or a look ended. @param begins whether a batch began */
	work(begins: boolean): void {
		const { now } = this.#options;
		const settled = now() >= this.#settledAt();
		this.#worked = { first: begins && settled ? now() : this.#worked.first, last: now() };
	}

	/** Returns the state, and since when the agent has been in it. */
	state(): { readonly name: AgentState; readonly since: number } {
		const { name, since } = this.#phase;
		if (name !== "serving") return { name, since };
		if (this.#isBusy()) return { name: "working", since: Math.max(since, this.#worked.first) };
		return { name: "settled", since: Math.max(since, this.#settledAt()) };
	}

	#isBusy(): boolean {
		const { inserter, progress, now } = this.#options;
		return inserter.busy() > 0 || isUnderWay(progress.value) || now() < this.#settledAt();
	}

	#settledAt(): number {
		return this.#worked.last + this.#options.quietMilliseconds;
	}
}
