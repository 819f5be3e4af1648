// Returns the memory of a storm of uevents to the system. V8 keeps its heap as large as the storm made it, since V8 collects
// garbage on allocation, and in the quiet after a storm nothing is allocated.
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
	/** Returns unused memory. May take as long as a full garbage collection. */
	readonly trim: () => void;
	/** Milliseconds without a uevent or a decision before memory is trimmed. */
	readonly quietMilliseconds: number;
	readonly scheduler: SchedulerLike;
	/** The number of uevents and decisions that make a storm. */
	readonly storm?: number;
};

/** Each uevent or decision costs about half a kilobyte of memory. */
const STORM_REPORTS = 10_000;

/** Trims memory in the quiet after each storm of reports. */
export function trimAfterStorms(
	reports: Observable<Report>,
	{ trim, quietMilliseconds, scheduler, storm = STORM_REPORTS }: StormMemoryOptions,
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

/** Returns the number of uevents and decisions in a report. */
function sizeOf(report: Report): number {
	if (report.kind === "heard") return report.uevents.length;
	return report.kind === "batch" ? report.batch.decisions.length : 0;
}
