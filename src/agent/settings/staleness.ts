// Whether what was read is still so. Hints make it look soon, and without any it looks now and then; it tells once for a burst
// of changes, when nothing has changed any more for a while: depmod takes seconds for its set of files. Acts: timers.

import type { DirectoryWatch } from "../../ports/watching.js";
import { asError } from "../faults/skipped.js";
import type { ReadTrace } from "./read-trace.js";

export type StalenessOptions = {
	/** Its hints are to be passed on to what is made of it. */
	readonly watch: DirectoryWatch;
	/** For so long nothing must have changed. */
	readonly quietMilliseconds: number;
	/** Between two looks without a hint. */
	readonly pollMilliseconds: number;
	/** What was read is no longer so, or no longer as it was when this was last said. */
	onStale(): void;
	/** It could not look: the next look may. */
	onProblem?(problem: Error): void;
};

export type StalenessWatch = {
	/** This is what was read, from now on. */
	follow(trace: ReadTrace): void;
	/** Something may have changed. */
	hint(): void;
	close(): void;
};

export function watchStaleness(options: StalenessOptions): StalenessWatch {
	return new PollingWatch(options);
}

class PollingWatch implements StalenessWatch {
	readonly #options: StalenessOptions;
	readonly #poll: NodeJS.Timeout;
	#trace: ReadTrace | undefined;
	#seen: string | undefined;
	#told: string | undefined;
	#soon: NodeJS.Timeout | undefined;

	constructor(options: StalenessOptions) {
		this.#options = options;
		this.#poll = setInterval(() => this.#lookNow(), options.pollMilliseconds).unref();
	}

	follow(anew: ReadTrace): void {
		this.#trace = anew;
		this.#seen = undefined;
		this.#told = undefined;
		this.#options.watch.follow(anew.directories());
		// What has changed since it was read gave no hint.
		this.#lookSoon();
	}

	hint(): void {
		this.#lookSoon();
	}

	close(): void {
		this.#trace = undefined;
		clearInterval(this.#poll);
		clearTimeout(this.#soon);
		this.#options.watch.close();
	}

	/** Where no look is due anyway. */
	#lookNow(): void {
		this.#options.watch.refresh();
		if (this.#soon === undefined) this.#look();
	}

	#lookSoon(): void {
		this.#soon ??= setTimeout(() => {
			this.#soon = undefined;
			this.#options.watch.refresh();
			this.#look();
		}, this.#options.quietMilliseconds).unref();
	}

	#look(): void {
		try {
			this.#compare();
		} catch (thrown) {
			this.#options.onProblem?.(asError(thrown));
		}
	}

	#compare(): void {
		if (this.#trace === undefined) return;
		const now = this.#trace.now();
		if (now === this.#trace.before) this.#told = undefined;
		else if (now !== this.#seen) this.#lookSoon();
		else if (now !== this.#told) {
			this.#told = now;
			this.#options.onStale();
		}
		this.#seen = now;
	}
}
