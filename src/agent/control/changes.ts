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
 * Resolves when something has changed since it was called, a pause later at least.
 * @param unannounced whether something is waited for that gives no notice: then it resolves after the pause
 */
export async function nextChange({ changes, over, scheduler }: ChangeOptions, unannounced: boolean): Promise<void> {
	const changed = unannounced ? of(undefined) : merge(changes, timer(LONGEST_MILLISECONDS, scheduler)).pipe(take(1));
	await firstValueFrom(merge(combineLatest([timer(PAUSE_MILLISECONDS, scheduler), changed]), over), {
		defaultValue: undefined,
	});
}
