// A histogram of durations, with cumulative buckets as in Prometheus: each bucket counts all durations up to its bound.

export type Durations = {
	/** For each bound, the number of durations of at most so many seconds. Longer ones are only in `count`. */
	readonly buckets: readonly { readonly seconds: number; readonly count: number }[];
	readonly count: number;
	/** Seconds. */
	readonly sum: number;
};

/** Seconds. A driver's init takes from less than a millisecond to minutes. */
const BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180];

export function makeDurations() {
	/** For each bound, the durations above the bound before. The last entry counts those above all bounds. */
	const counts = Array<number>(BOUNDS.length + 1).fill(0);
	let milliseconds = 0;
	return {
		add(duration: number): void {
			milliseconds += duration;
			const place = BOUNDS.findIndex((seconds) => duration <= 1000 * seconds);
			counts[place < 0 ? BOUNDS.length : place]!++;
		},
		durations(): Durations {
			let count = 0;
			const buckets = BOUNDS.map((seconds, place) => {
				count += counts[place]!;
				return { seconds, count };
			});
			return { buckets, count: count + counts.at(-1)!, sum: milliseconds / 1000 };
		},
	};
}
