// An asker requests a module, such as a client of `hotplugd load`, and is told the outcomes of the decisions.
import type { CarryOutOptions } from "../../libkmod/insertion/inserter.js";
import type { Outcome } from "../../libkmod/insertion/outcome.js";

/** The methods of an asker throw nothing. */
export type Asker = {
	/** Called with modules that are to begin, or are in flight already. An outcome of each follows. */
	onPlanned(modules: readonly string[]): void;
	onOutcome(outcome: Outcome): void;
	/** Called when a part was skipped: some decisions are not planned, or some outcomes do not follow. */
	onSkipped(error: Error): void;
};

export type Asking = CarryOutOptions & { readonly asker?: Asker };
