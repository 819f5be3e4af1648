// Watches whether the files that were read have changed. A hint triggers a check soon; without hints the files are polled. A
// burst of changes is debounced and told once, when the files have been unchanged for a while: depmod takes seconds to write its
// set of files. Acts: timers.

import { asError } from "../../libkmod/kernel/errors.js";
import type { DirectoryWatch } from "../../ports/watching.js";
import type { ReadTrace } from "./read-trace.js";

export type StalenessOptions = {
	/** The directory watch. The caller passes its hints on to `hint`. */
	readonly watch: DirectoryWatch;
	/** Milliseconds without a change before a change is told. */
	readonly quietMilliseconds: number;
	/** Milliseconds between two polls. */
	readonly pollMilliseconds: number;
	/** Called when the files differ from those that were read, and from those at the last call. */
	onStale(): void;
	/** Called when a check failed. The next one may succeed. */
	onProblem?(problem: Error): void;
};

export type StalenessWatch = {
	/** Replaces the trace of reads to watch. */
	follow(trace: ReadTrace): void;
	/** Tells that a file may have changed. */
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
		// A change between the reading and this call gave no hint.
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

	/** A poll checks only when no check is scheduled already. */
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
