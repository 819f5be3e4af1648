// After a storm, the memory that it took is given back. V8 keeps its heap as large as the storm made it, since it collects
// when something is allocated, and in the quiet behind a storm nothing is.
import {
	debounceTime,
	filter,
	map,
	merge,
	type Observable,
	type SchedulerLike,
	Subject,
	type Subscription,
	scan,
} from "rxjs";
import type { Report } from "../telling/report.js";

export type StormMemoryOptions = {
	/** Gives back what nobody needs. May take as long as a full garbage collection. */
	readonly trim: () => void;
	/** How long nothing must have been heard and decided. */
	readonly quietMilliseconds: number;
	readonly scheduler: SchedulerLike;
	/** How many uevents and decisions make a storm. */
	readonly storm?: number;
};

/** What is heard and decided costs memory about as much as this times half a kilobyte. */
const STORM = 10_000;

/** Trims in the quiet behind each storm of reports. */
export function trimAfterStorms(
	reports: Observable<Report>,
	{ trim, quietMilliseconds, scheduler, storm = STORM }: StormMemoryOptions,
): Subscription {
	const trimmed = new Subject<"trimmed">();
	return merge(reports.pipe(map(sizeOf)), trimmed)
		.pipe(
			filter((size) => size !== 0),
			scan((count, size) => (size === "trimmed" ? 0 : count + size), 0),
			filter((count) => count >= storm),
			debounceTime(quietMilliseconds, scheduler),
		)
		.subscribe(() => {
			trimmed.next("trimmed");
			trim();
		});
}

/** Uevents and decisions in a report. */
function sizeOf(report: Report): number {
	if (report.kind === "heard") return report.uevents.length;
	return report.kind === "batch" ? report.batch.decisions.length : 0;
}
