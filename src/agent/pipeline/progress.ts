// What the pipeline is at, kept up to date while it runs, for whoever asks whether all is handled.

export type Pulse = {
	/** The socket that it listens to; undefined while there is none. */
	socket?:
		| {
				readonly receiveBuffer: number;
				/** How many messages the kernel could not deliver so far. */
				drops(): number;
				/** Bytes of messages that wait to be read. */
				waiting(): number;
		  }
		| undefined;
	/** The number of the latest uevent heard. */
	seqnum?: number | undefined;
	/** Counts the outcomes: where it stands still, nothing ended. */
	activity: number;
	/** Whether a look at all devices is due or goes on. */
	isLooking(): boolean;
	/** Has the kernel asked whether uevents were lost: a look is due then. */
	checkLosses(): void;
};

export function makePulse(): Pulse {
	return { activity: 0, isLooking: () => true, checkLosses: () => undefined };
}
