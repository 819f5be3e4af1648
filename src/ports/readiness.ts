// The port by which the agent notifies its service manager of its state: sd_notify(3), or a newline on a file descriptor. No
// method fails: without a service manager nothing is sent.

export type Readiness = {
	/** The agent listens, and has read its indexes and configuration. Also called at the end of a reload. */
	ready(): void;
	reloading(): void;
	stopping(): void;
	/** One line for people. */
	status(text: string): void;
	/**
	 * Milliseconds between two calls of watchdog(): half of the time after which the service manager would end the agent. Undefined
	 * when there is no watchdog.
	 */
	readonly watchdogMilliseconds: number | undefined;
	/** Tells the watchdog that the agent is alive. */
	watchdog(): void;
};

export type ReadinessOptions = {
	/** The inherited file descriptor to which a newline is written when the agent is ready, as s6's notification-fd. */
	readonly notifyFd?: number;
	/** Called with the first notification that could not be sent, and why. */
	onProblem(problem: Error): void;
};
