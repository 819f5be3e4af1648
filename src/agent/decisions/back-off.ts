// How long a module that failed is left alone before another device has it tried again: twice as long after each failure.
import QuickLRU from "quick-lru";

export type BackOff = {
	failed(module: string): void;
	succeeded(module: string): void;
	/** Milliseconds until it may be tried; 0 means now. */
	wait(module: string): number;
};

const FIRST = 250;
const LONGEST = 60_000;
/** Modules remembered at least, those that failed first forgotten first; twice as many are never. */
const LEAST_MODULES = 32_768;

/** Milliseconds, both; until when on the clock. */
type Failure = { readonly pause: number; readonly until: number };

/** @param now milliseconds, of a clock that only goes forward. */
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

/** For who tries everything once and ends. */
export const noBackOff: BackOff = { failed: () => undefined, succeeded: () => undefined, wait: () => 0 };
