// Who reads the reports of the agent. Each reader is subscribed by itself: one that fails keeps a report from no other.
import type { Observable } from "rxjs";
import type { OnSkipped } from "../../ports/skipping.js";
import { asError } from "../faults/skipped.js";
import type { Report } from "../telling/report.js";

type Read = (report: Report) => unknown;

/** @param onFailed told of each report that the reader could not take: it gets the next one all the same. */
export function subscribeReader(
	reports: Observable<Report>,
	read: Read,
	onFailed: (error: Error, report: Report) => void,
): void {
	reports.subscribe((report) => {
		try {
			read(report);
		} catch (thrown) {
			onFailed(asError(thrown), report);
		}
	});
}

export type ManyReaders = {
	/** By what they are for. */
	readonly readers: Readonly<Record<string, Read>>;
	/** One of the reports: that a reader failed. */
	readonly onSkipped: OnSkipped;
	/** A reader failed for the first time: the log, which tells too, may be the one that did. */
	readonly onBroken: (reader: string, error: Error) => void;
};

/** Each failure of a reader is told once: what fails at every report would never end. */
export function subscribeReaders(reports: Observable<Report>, { readers, onSkipped, onBroken }: ManyReaders): void {
	const broken = new Set<string>();
	for (const [reader, read] of Object.entries(readers))
		subscribeReader(reports, read, (error) => {
			if (broken.has(reader)) return;
			broken.add(reader);
			onSkipped(`a report for ${reader}`, error);
			onBroken(reader, error);
		});
}
