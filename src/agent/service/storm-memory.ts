// After a storm, the memory that it took is given back. V8 keeps its heap as large as the storm made it, since it collects
// when something is allocated, and in the quiet behind a storm nothing is.
import type { Report } from "../telling/report.js";

export type AftermathOptions = {
	/** Gives back what nobody needs. May take as long as a full garbage collection. */
	readonly trim: () => void;
	/** How long nothing must have been heard and decided. */
	readonly quietMilliseconds: number;
	/** How many uevents and decisions make a storm. */
	readonly storm?: number;
};

/** What is heard and decided costs memory about as much as this times half a kilobyte. */
const STORM = 10_000;

/** Takes every report of an agent. */
export function makeAftermath({ trim, quietMilliseconds, storm = STORM }: AftermathOptions): (report: Report) => void {
	let count = 0;
	let last = 0;
	let timer: NodeJS.Timeout | undefined;

	function wait(milliseconds: number): void {
		timer = setTimeout(() => {
			const left = last + quietMilliseconds - performance.now();
			if (left > 0) return wait(left);
			timer = undefined;
			count = 0;
			trim();
		}, milliseconds);
		timer.unref();
	}

	return (report) => {
		if (report.kind === "heard") count += report.uevents.length;
		else if (report.kind === "batch") count += report.batch.decisions.length;
		else return;
		if (count < storm) return;
		last = performance.now();
		if (timer === undefined) wait(quietMilliseconds);
	};
}
