// How long a module that failed is left alone before another device has it tried again: twice as long after each failure.

export type BackOff = {
	failed(module: string): void;
	succeeded(module: string): void;
	/** Milliseconds until it may be tried; 0 means now. */
	wait(module: string): number;
};

const FIRST = 250;
const LONGEST = 60_000;
/** Names remembered at most: there are no more modules than that. */
const MOST_MODULES = 65_536;

/** @param now milliseconds, of a clock that only goes forward. */
export function makeBackOff(now: () => number): BackOff {
	const failures = new Map<string, { readonly pause: number; readonly until: number }>();
	return {
		failed(module) {
			const earlier = failures.get(module);
			const pause = earlier === undefined ? FIRST : Math.min(2 * earlier.pause, LONGEST);
			if (failures.size >= MOST_MODULES) failures.clear();
			failures.set(module, { pause, until: now() + pause });
		},
		succeeded: (module) => void failures.delete(module),
		wait: (module) => Math.max(0, (failures.get(module)?.until ?? 0) - now()),
	};
}

/** For who tries everything once and ends. */
export const noBackOff: BackOff = { failed: () => undefined, succeeded: () => undefined, wait: () => 0 };
