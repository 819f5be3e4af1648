// Decisions are planned in the situation of now: what is live, what was tried for a device, what rests, what is under way.
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { Attempts } from "../decisions/attempts.js";
import { type Batch, planApart, planBatch, type Situation } from "../decisions/batch.js";
import type { Decision } from "../decisions/decider.js";
import type { ModulesUnderWay } from "../decisions/modules-under-way.js";
import { asError } from "../faults/skipped.js";
import type { AbsentFileWaits } from "./absent-file-waits.js";
import type { RestingDevices } from "./resting-devices.js";

export type BatchPlannerOptions = {
	/** What is known now. */
	readonly knowledge: () => Knowledge;
	/** Names of the live modules, as the kernel says now. */
	readonly listLive: () => ReadonlySet<string>;
	readonly onSkipped: OnSkipped;
};

/** What is remembered of earlier batches. */
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
	 * Mostly one batch: where a decision makes planning throw it is passed over, and what it was among may be several.
	 * @param atOnce modules that rest are planned too
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

	/** The kernel is asked at most once, and not where nothing is wanted. */
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
			// While the file of a module is awaited, a device that comes up again has it tried at once.
			wasTried: (module, device) => attempts.has(module, device) && !files.isAwaited(module),
		};
	}

	/** Where the kernel does not tell what is live, it still says so of each module that is begun. */
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
