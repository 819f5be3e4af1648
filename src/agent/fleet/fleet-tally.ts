// Sums up the answers of all threads. Pure.

import type { CauseCount, FleetAnswer } from "./fleet-answers.js";
import { addCounts, type FleetCounts, noCounts } from "./fleet-records.js";

/** So many causes are told apart: a fleet of machines from anywhere has some thousand. */
const MOST_CAUSES = 10_000;
/** So many sentences about lines are kept. */
export const MOST_SENTENCES = 10;

export class FleetTally {
	#counts = noCounts;
	readonly #causes = new Map<string, CauseCount>();
	/** Devices whose cause is one too many. */
	#others = 0;
	readonly #unusable: { readonly line: number; readonly problem: string }[] = [];

	add({ counts, causes, unusable }: FleetAnswer): void {
		this.#counts = addCounts(this.#counts, counts);
		for (const cause of causes) this.#addCause(cause);
		this.#unusable.push(...unusable.slice(0, MOST_SENTENCES - this.#unusable.length));
	}

	get counts(): FleetCounts {
		return this.#counts;
	}

	/** Losses first, then what most machines have. */
	get causes(): readonly CauseCount[] {
		const rank = ({ change }: CauseCount): number => ["loses", "changes", "gains"].indexOf(change);
		return [...this.#causes.values()].sort((a, b) => rank(a) - rank(b) || b.machines - a.machines || a.line - b.line);
	}

	/** Devices of which the cause was not kept. */
	get others(): number {
		return this.#others;
	}

	/** The first lines that could not be compared. */
	get unusable(): readonly { readonly line: number; readonly problem: string }[] {
		return this.#unusable;
	}

	#addCause(cause: CauseCount): void {
		const { change, lost, gained, cause: why, devices, machines } = cause;
		const key = [change, lost, gained, why].join("\0");
		const known = this.#causes.get(key);
		if (known !== undefined) {
			known.devices += devices;
			known.machines += machines;
		} else if (this.#causes.size < MOST_CAUSES) this.#causes.set(key, { ...cause });
		else this.#others += devices;
	}
}
