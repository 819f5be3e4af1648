// Durations counted by how long they were: a histogram as Prometheus has them, whose buckets each hold all that was no longer.

export type Durations = {
	/** How many took so many seconds at most; all that were longer are only in `count`. */
	readonly buckets: readonly { readonly seconds: number; readonly count: number }[];
	readonly count: number;
	/** Seconds. */
	readonly sum: number;
};

/** A driver's init takes from less than a millisecond to minutes. */
const BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180];

export function makeDurations() {
	/** Of each bound, those that are longer than the one before; the longest of all stand last. */
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
