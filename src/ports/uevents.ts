// The port to uevents: the socket on which the kernel, or udev, announces devices. src/linux/devices/uevent-socket.ts implements
// it.

/** The sender of the uevents: the kernel, when a device is added, or udev, when its rules have run. */
export type UeventSource = "kernel" | "udev";

export type ListenOptions = {
	/** Bytes of receive buffer to ask for. */
	readonly receiveBuffer: number;
	readonly source?: UeventSource;
};

export type UeventSocket = {
	/** Bytes, as the kernel counts them: twice what was granted. */
	readonly receiveBuffer: number;
	/**
	 * How many messages the kernel has dropped so far because the receive buffer was full. A gap in SEQNUM alone does not prove a
	 * loss.
	 */
	drops(): number;
	/**
	 * Bytes of the messages in the receive buffer, as the kernel counts them, plus those that were read and not handed over yet.
	 */
	waiting(): number;
	/** Closes the socket: no listener is called any more. May be called again. */
	close(): void;
};

/** Listeners run in a turn of the event loop of their own: an error thrown there is an ordinary uncaught exception. */
export type UeventListeners = {
	/** Called with all datagrams of the source that were read in one turn of the event loop, or in a storm in several, in order. */
	onDrain(datagrams: readonly Buffer[]): void;
	/**
	 * Called with the number of datagrams so far from another sender or for another group, and the port id of the last such sender.
	 */
	onRefused(count: number, port: number): void;
	/** Called with the number of messages so far that were truncated, and so are lost. */
	onTruncated(count: number): void;
	onError(error: Error): void;
};

export type OpenUeventSocket = (listeners: UeventListeners) => UeventSocket;
