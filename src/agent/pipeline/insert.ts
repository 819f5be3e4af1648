// insert: decisions become batches, and batches become outcomes. An insertion that was begun goes on when the decisions end.
import { merge, mergeMap, type Observable, of } from "rxjs";
import { makeAttempts } from "../decisions/attempts.js";
import type { Report } from "../telling/report.js";
import { type BatchInsertionOptions, makeBatchInsertion } from "./batch-insertion.js";
import type { PipelineEvent } from "./events.js";

export type InsertOptions = Omit<BatchInsertionOptions, "attempts"> & {
	/** Reports of the inserter, and of parts that were skipped. */
	readonly remarks: Observable<Report>;
};

export function insert(options: InsertOptions) {
	return (source: Observable<PipelineEvent>): Observable<PipelineEvent> => {
		const attempts = makeAttempts();
		const insertDecided = makeBatchInsertion({ ...options, attempts });
		const inserted = source.pipe(
			mergeMap((event): Observable<PipelineEvent> => {
				if (event.kind === "decided") return merge(of(event), insertDecided(event.decisions, event.asking));
				// The missed uevents may include the "remove" of a device.
				if (event.kind === "missed") attempts.forgetAll();
				if (event.kind === "heard")
					for (const { action, devpath } of event.uevents) if (action === "remove") attempts.forgetDevice(devpath);
				return of(event);
			}),
		);
		return merge(options.remarks, inserted);
	};
}
