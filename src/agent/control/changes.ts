// Waiting for the agent to get on: for a stream of whatever may have changed, and for what gives no notice by looking at it again.
import { combineLatest, firstValueFrom, merge, type Observable, of, type SchedulerLike, take, timer } from "rxjs";

export type ChangeOptions = {
	/** Emits when something may have changed; from now on alone. */
	readonly changes: Observable<unknown>;
	/** Emits when nobody waits any longer. */
	readonly over: Observable<unknown>;
	readonly scheduler: SchedulerLike;
};

/** Between two looks at the least: in a storm something changes all the time, and each look asks the kernel. */
const PAUSE_MILLISECONDS = 20;
/** Between two at the most: a client that has gone gives no notice. */
const LONGEST_MILLISECONDS = 1000;

/**
 * Emits once something has changed since it was subscribed, a pause later at least, and completes.
 * @param unannounced whether something is waited for that gives no notice: then it emits after the pause
 */
export function nextChange({ changes, over, scheduler }: ChangeOptions, unannounced: boolean): Observable<unknown> {
	const changed = unannounced ? of(undefined) : merge(changes, timer(LONGEST_MILLISECONDS, scheduler)).pipe(take(1));
	return merge(combineLatest([timer(PAUSE_MILLISECONDS, scheduler), changed]), over).pipe(take(1));
}

/** The same as a promise. */
export async function awaitChange(options: ChangeOptions, unannounced: boolean): Promise<void> {
	await firstValueFrom(nextChange(options, unannounced), { defaultValue: undefined });
}
