// The scheduler of all that waits in the agent: RxJS's own reads the wall clock, which is set while a machine boots, and again
// whenever somebody sets it. Acts: the clock itself.
import { asyncScheduler, type SchedulerLike } from "rxjs";

/** Milliseconds of CLOCK_MONOTONIC, clock_gettime(2). */
export const monotonicScheduler: SchedulerLike = {
	now: () => performance.now(),
	// RxJS gives node's timers how long an action waits, as it is: they go by CLOCK_MONOTONIC too.
	schedule: asyncScheduler.schedule.bind(asyncScheduler),
};
