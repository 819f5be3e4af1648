// The progress of the pipeline, derived from its events. settle, reload and status depend on it.
import { type BehaviorSubject, type MonoTypeOperatorFunction, map, scan, tap } from "rxjs";
import type { PipelineEvent } from "./events.js";

export type Progress = {
	/** The bound uevent socket. Undefined while no socket is bound. */
	readonly socket: { waiting(): number } | undefined;
	/** The number of sockets that failed in a row. */
	readonly failures: number;
	/** The highest SEQNUM that was heard since the socket was bound. */
	readonly seqnum: number | undefined;
	/** Whether a look at all devices must begin. */
	readonly isLookDue: boolean;
	readonly isLooking: boolean;
	/** The number of outcomes so far. While it is unchanged, no insertion has ended. */
	readonly ended: number;
};

export const beforeAll: Progress = {
	socket: undefined,
	failures: 0,
	seqnum: undefined,
	isLookDue: true,
	isLooking: false,
	ended: 0,
};

export function advance(progress: Progress, event: PipelineEvent): Progress {
	switch (event.kind) {
		case "opened":
			return { ...progress, socket: event, failures: 0, seqnum: undefined };
		case "deaf":
			return { ...progress, socket: undefined, failures: progress.failures + 1 };
		case "heard":
			return { ...progress, seqnum: event.seqnum };
		case "missed":
			return { ...progress, isLookDue: true };
		case "looking":
			return { ...progress, isLookDue: false, isLooking: true };
		case "walked":
			return { ...progress, isLooking: false };
		case "blind":
			return { ...progress, isLookDue: true, isLooking: false };
		case "outcome":
			return { ...progress, ended: progress.ended + 1 };
		default:
			return progress;
	}
}

/** Whether a look at all devices is due or goes on. */
export function isUnderWay({ isLookDue, isLooking }: Progress): boolean {
	return isLookDue || isLooking;
}

/** Updates the progress with each event, before the event goes on. */
export function countProgress(progress: BehaviorSubject<Progress>): MonoTypeOperatorFunction<PipelineEvent> {
	return (source) =>
		source.pipe(
			scan(({ now }, event) => ({ event, now: advance(now, event) }), { now: progress.value } as Counted),
			tap(({ now }) => progress.next(now)),
			map(({ event }) => event),
		);
}

type Counted = { readonly event: PipelineEvent; readonly now: Progress };
