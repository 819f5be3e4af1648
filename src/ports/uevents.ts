// The port to uevents: the socket on which the kernel, or udev, announces devices. src/linux/devices/uevent-socket.ts is the real one.

/** Who sends: the kernel, when a device comes up, or udev, when its rules have run. */
export type UeventSource = "kernel" | "udev";

export type ListenOptions = {
	/** Bytes of receive buffer to ask for. */
	readonly receiveBuffer: number;
	readonly source?: UeventSource;
};

export type UeventSocket = {
	/** Bytes, as the kernel counts them: twice what was granted. */
	readonly receiveBuffer: number;
	/** How many messages did not fit into the receive buffer so far. A gap in SEQNUM alone does not tell of a loss. */
	drops(): number;
	/** Bytes of messages that wait to be read, as the kernel counts them, and of those that were read and not handed over. */
	waiting(): number;
	/** Nothing is delivered any more. May be called again. */
	close(): void;
};

/** Called in a turn of the event loop of their own: what they throw is an ordinary uncaught exception. */
export type UeventListeners = {
	/** All datagrams of the source that were read in one turn of the event loop, or in a storm in some, in order. */
	onDrain(datagrams: readonly Buffer[]): void;
	/** Datagrams so far that were somebody else's or not for the group, and the port id of the last one's sender. */
	onRefused(count: number, port: number): void;
	/** Messages so far that were cut short, and so are lost. */
	onTruncated(count: number): void;
	onError(error: Error): void;
};

export type OpenUeventSocket = (listeners: UeventListeners) => UeventSocket;
