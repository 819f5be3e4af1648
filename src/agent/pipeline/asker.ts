// Somebody who asks for a module, load's client say, and is told what comes of the decisions.
import type { CarryOutOptions } from "../../libkmod/insertion/inserter.js";
import type { Outcome } from "../../libkmod/insertion/outcome.js";

/** Its methods throw nothing. */
export type Asker = {
	/** Modules that are to begin, or are in flight already: an outcome of each comes. */
	onPlanned(modules: readonly string[]): void;
	onOutcome(outcome: Outcome): void;
	/** A part was passed over: not all that was decided is planned, or not all outcomes come. */
	onSkipped(error: Error): void;
};

export type Asking = CarryOutOptions & { readonly asker?: Asker };
