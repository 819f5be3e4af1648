// The port by which the agent tells whatever started it how it fares: sd_notify(3), or a newline on a descriptor. Nothing here
// fails: where nobody listens nothing is sent.

export type Readiness = {
	/** It listens, and what it knows is read. Also the end of reloading. */
	ready(): void;
	reloading(): void;
	stopping(): void;
	/** One line for people. */
	status(text: string): void;
	/** How often watchdog() is expected, undefined where it is not: half of the time after which the agent would be ended. */
	readonly watchdogMilliseconds: number | undefined;
	/** It lives. */
	watchdog(): void;
};

export type ReadinessOptions = {
	/** A descriptor that this process was given for a newline when it is ready, as s6's notification-fd. */
	readonly notifyFd?: number;
	/** What could not be said, and why. */
	onProblem(problem: Error): void;
};
