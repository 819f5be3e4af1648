// Exponential back-off: the pause before a module that failed may be tried for another device doubles with each failure.
import QuickLRU from "quick-lru";

export type BackOff = {
	failed(module: string): void;
	succeeded(module: string): void;
	/** Milliseconds until the module may be tried. 0 means now. */
	wait(module: string): number;
};

const FIRST = 250;
const LONGEST = 60_000;
/** The LRU keeps at least this many modules and never twice as many. Eviction begins with the oldest failure. */
const LEAST_MODULES = 32_768;

/** Milliseconds. `until` is a time of the clock. */
type Failure = { readonly pause: number; readonly until: number };

/** @param now the time of a monotonic clock, in milliseconds */
export function makeBackOff(now: () => number): BackOff {
	const failures = new QuickLRU<string, Failure>({ maxSize: LEAST_MODULES });
	return {
		failed(module) {
			const earlier = failures.peek(module);
			const pause = earlier === undefined ? FIRST : Math.min(2 * earlier.pause, LONGEST);
			failures.set(module, { pause, until: now() + pause });
		},
		succeeded: (module) => void failures.delete(module),
		wait: (module) => Math.max(0, (failures.peek(module)?.until ?? 0) - now()),
	};
}

/** For a run that tries each module once and ends, such as coldplug. */
export const noBackOff: BackOff = { failed: () => undefined, succeeded: () => undefined, wait: () => 0 };
