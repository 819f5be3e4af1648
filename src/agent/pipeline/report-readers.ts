// Subscribes the readers of the agent's reports. Each reader has a subscription of its own: a reader that fails keeps no report
// from the others.
import type { Observable } from "rxjs";
import { asError } from "../../libkmod/kernel/errors.js";
import type { OnSkipped } from "../../ports/skipping.js";
import type { Report } from "../telling/report.js";

type Read = (report: Report) => unknown;

/** @param onFailed called with each report that made the reader throw. The reader gets the next report all the same. */
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
	/** Readers by their purpose. */
	readonly readers: Readonly<Record<string, Read>>;
	/** Reports that a reader failed. */
	readonly onSkipped: OnSkipped;
	/** Called when a reader fails for the first time. The log tells of the failure too, but may be the reader that failed. */
	readonly onBroken: (reader: string, error: Error) => void;
};

/**
 * Only the first failure of a reader is told. The failure is a report too, so a reader that fails at every report would loop for
 * ever.
 */
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
