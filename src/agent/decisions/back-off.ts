// Exponential back-off: the pause before a module that failed may be tried for another device doubles with each failure.
import QuickLRU from "quick-lru";

export type BackOff = {
	failed(module: string): void;
	succeeded(module: string): void;
	/** Milliseconds until the module may be tried. 0 means now. */
	wait(module: string): number;
};

const FIRST_PAUSE_MILLISECONDS = 250;
const LONGEST_PAUSE_MILLISECONDS = 60_000;
/** The LRU keeps at least this many modules and never twice as many. Eviction begins with the oldest failure. */
const LEAST_MODULES = 32_768;

/** `untilMilliseconds` is a time of the clock. */
type Failure = { readonly pauseMilliseconds: number; readonly untilMilliseconds: number };

/** @param now the time of a monotonic clock, in milliseconds */
export function makeBackOff(now: () => number): BackOff {
	const failures = new QuickLRU<string, Failure>({ maxSize: LEAST_MODULES });
	return {
		failed(module) {
			const earlier = failures.peek(module);
			const pauseMilliseconds = Math.min(
				earlier === undefined ? FIRST_PAUSE_MILLISECONDS : 2 * earlier.pauseMilliseconds,
				LONGEST_PAUSE_MILLISECONDS,
			);
			failures.set(module, { pauseMilliseconds, untilMilliseconds: now() + pauseMilliseconds });
		},
		succeeded: (module) => void failures.delete(module),
		wait: (module) => Math.max(0, (failures.peek(module)?.untilMilliseconds ?? 0) - now()),
	};
}

/** For a run that tries each module once and ends, such as coldplug. */
export const noBackOff: BackOff = { failed: () => undefined, succeeded: () => undefined, wait: () => 0 };
