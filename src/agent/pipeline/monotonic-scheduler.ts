// The scheduler of all waits in the agent. The scheduler of RxJS reads the wall clock, which is set while a machine boots, and
// again whenever an administrator sets it. Acts: the clock itself.
import { asyncScheduler, type SchedulerLike } from "rxjs";

/** Milliseconds of CLOCK_MONOTONIC, clock_gettime(2). */
export const monotonicScheduler: SchedulerLike = {
	now: () => performance.now(),
	// RxJS hands the delay of an action to node's timers unchanged, and these timers use CLOCK_MONOTONIC too.
	schedule: asyncScheduler.schedule.bind(asyncScheduler),
};
