// Plans decisions for the present situation: which modules are live, were tried for a device, are in their back-off, or are under
// way.

import { asError } from "../../libkmod/kernel/errors.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { Attempts } from "../decisions/attempts.js";
import { type Batch, planApart, planBatch, type Situation } from "../decisions/batch.js";
import type { Decision } from "../decisions/decider.js";
import type { ModulesUnderWay } from "../decisions/modules-under-way.js";
import type { AbsentFileWaits } from "./absent-file-waits.js";
import type { RestingDevices } from "./resting-devices.js";

export type BatchPlannerOptions = {
	/** Returns the current knowledge. */
	readonly knowledge: () => Knowledge;
	/** Returns the names of the modules that the kernel lists as live now. */
	readonly listLive: () => ReadonlySet<string>;
	readonly onSkipped: OnSkipped;
};

/** State that earlier batches left behind. */
export type Remembered = {
	readonly attempts: Attempts;
	readonly underWay: ModulesUnderWay;
	readonly resting: Pick<RestingDevices, "isResting">;
	readonly files: Pick<AbsentFileWaits, "isAwaited">;
};

export class BatchPlanner {
	readonly #options: BatchPlannerOptions;
	readonly #remembered: Remembered;
	/** The number of the last batch. */
	#batches = 0;

	constructor(options: BatchPlannerOptions, remembered: Remembered) {
		this.#options = options;
		this.#remembered = remembered;
	}

	/**
	 * Returns one batch as a rule. When a decision makes planning throw, that decision is skipped, and the others may become
	 * several batches.
	 * @param atOnce modules in their back-off are planned too
	 */
	plan(decisions: readonly Decision[], atOnce: boolean, onSkipped?: (error: Error) => void): readonly Batch[] {
		const situation = this.#situation(atOnce);
		return planApart(
			decisions,
			(some) => this.#planNext(some, situation),
			(what, error) => {
				this.#options.onSkipped(what, error);
				onSkipped?.(error);
			},
		);
	}

	#planNext(decisions: readonly Decision[], situation: Situation): Batch {
		const batch = planBatch(this.#batches + 1, this.#options.knowledge(), decisions, situation);
		this.#batches++;
		return batch;
	}

	/** The kernel is asked at most once for the live modules, and only when a module is wanted. */
	#situation(atOnce: boolean): Situation {
		const { attempts, underWay, resting, files } = this.#remembered;
		let live: ReadonlySet<string> | undefined;
		return {
			isLive: (module) => {
				live ??= this.#listLive();
				return live.has(module);
			},
			isResting: (module) => !atOnce && resting.isResting(module),
			isUnderWay: (module) => underWay.has(module),
			// While a module's file is awaited, a device that comes up again has the module tried at once.
			wasTried: (module, device) => attempts.has(module, device) && !files.isAwaited(module),
		};
	}

	/** When the kernel refuses the list of live modules, the insertion of each module still tells whether that module is live. */
	#listLive(): ReadonlySet<string> {
		const { listLive, onSkipped } = this.#options;
		try {
			return listLive();
		} catch (thrown) {
			if (!(thrown instanceof Refusal)) onSkipped("the list of live modules", asError(thrown));
			return new Set();
		}
	}
}
