// Waits for a change of the agent's state: by a stream of changes, and by polling for conditions that give no notice.
import { combineLatest, firstValueFrom, merge, type Observable, of, type SchedulerLike, take, timer } from "rxjs";

export type ChangeOptions = {
	/** Emits when something may have changed. Earlier changes are not replayed. */
	readonly changes: Observable<unknown>;
	/** Emits when the wait must end. */
	readonly over: Observable<unknown>;
	readonly scheduler: SchedulerLike;
};

/** Milliseconds between two polls, at least: in a storm changes are frequent, and each poll makes system calls. */
const PAUSE_MILLISECONDS = 20;
/** Milliseconds between two polls, at most: a client that has gone gives no notice. */
const LONGEST_PAUSE_MILLISECONDS = 1000;

/**
 * Emits after a change since the subscription, but not before a pause is over, and completes.
 * @param unannounced whether a condition is waited for that gives no notice: then it emits when the pause is over
 */
export function nextChange({ changes, over, scheduler }: ChangeOptions, unannounced: boolean): Observable<unknown> {
	const changed = unannounced
		? of(undefined)
		: merge(changes, timer(LONGEST_PAUSE_MILLISECONDS, scheduler)).pipe(take(1));
	return merge(combineLatest([timer(PAUSE_MILLISECONDS, scheduler), changed]), over).pipe(take(1));
}

/** As `nextChange`, as a promise. */
export async function awaitChange(options: ChangeOptions, unannounced: boolean): Promise<void> {
	await firstValueFrom(nextChange(options, unannounced), { defaultValue: undefined });
}
