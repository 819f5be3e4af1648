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
	const { watch, quietMilliseconds, pollMilliseconds, onStale } = options;
	let trace: ReadTrace | undefined;
	let seen: string | undefined;
	let told: string | undefined;
	let soon: NodeJS.Timeout | undefined;

	function look(): void {
		try {
			compare();
		} catch (thrown) {
			options.onProblem?.(asError(thrown));
		}
	}

	function compare(): void {
		if (trace === undefined) return;
		const now = trace.now();
		if (now === trace.before) told = undefined;
		else if (now !== seen) lookSoon();
		else if (now !== told) {
			told = now;
			onStale();
		}
		seen = now;
	}

	function lookSoon(): void {
		soon ??= setTimeout(() => {
			soon = undefined;
			watch.refresh();
			look();
		}, quietMilliseconds).unref();
	}

	const poll = setInterval(() => {
		watch.refresh();
		if (soon === undefined) look();
	}, pollMilliseconds).unref();

	return {
		follow(anew) {
			trace = anew;
			seen = undefined;
			told = undefined;
			watch.follow(anew.directories());
			// What has changed since it was read gave no hint.
			lookSoon();
		},
		hint: lookSoon,
		close() {
			trace = undefined;
			clearInterval(poll);
			clearTimeout(soon);
			watch.close();
		},
	};
}
