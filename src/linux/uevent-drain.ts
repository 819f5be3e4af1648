// What one turn of the event loop reads from the uevent socket, handed over after it.

/** Called in a turn of the event loop of their own: what they throw is an ordinary uncaught exception. */
export type UeventListeners = {
	/** All datagrams of the source that were read in one turn of the event loop, in order. */
	onDrain(datagrams: readonly Buffer[]): void;
	/** Datagrams so far that were somebody else's or not for the group, and the port id of the last one's sender. */
	onRefused(count: number, port: number): void;
	/** Messages so far that were cut short, and so are lost. */
	onTruncated(count: number): void;
	onError(error: Error): void;
};

export type Sender = { readonly port: number; readonly groups: number };

// The kernel alone has port 0. What is sent to a group carries it, as a mask; what goes to one socket alone carries none.
const isOf = {
	kernel: ({ port, groups }: Sender) => port === 0 && groups === 1,
	udev: ({ port, groups }: Sender) => port !== 0 && groups === 2,
};

type Turn = { readonly datagrams: Buffer[]; readonly errors: Error[]; refused: boolean; truncated: boolean };

export class UeventDrain {
	readonly #isOfSource: (sender: Sender) => boolean;
	readonly #listeners: UeventListeners;
	#turn: Turn | undefined;
	#refused = 0;
	#refusedPort = 0;
	#truncated = 0;
	#stopped = false;

	constructor(source: keyof typeof isOf, listeners: UeventListeners) {
		this.#isOfSource = isOf[source];
		this.#listeners = listeners;
	}

	/** @param datagram is kept: the netlink package makes a Buffer of its own for each. */
	readonly take = safely((datagram: Buffer, sender: Sender) => {
		if (this.#isOurs(sender)) this.#current().datagrams.push(datagram);
	});

	readonly takeTruncated = safely((_: Buffer, sender: Sender) => {
		if (!this.#isOurs(sender)) return;
		this.#truncated++;
		this.#current().truncated = true;
	});

	readonly takeError = safely((error: Error) => {
		this.#current().errors.push(error);
	});

	/** Nothing is handed over any more. */
	stop(): void {
		this.#stopped = true;
	}

	#isOurs(sender: Sender): boolean {
		if (this.#isOfSource(sender)) return true;
		this.#refused++;
		this.#refusedPort = sender.port;
		this.#current().refused = true;
		return false;
	}

	#current(): Turn {
		if (this.#turn === undefined) {
			this.#turn = { datagrams: [], errors: [], refused: false, truncated: false };
			setImmediate(() => this.#handOver());
		}
		return this.#turn;
	}

	#handOver(): void {
		const turn = this.#turn;
		this.#turn = undefined;
		if (turn === undefined || this.#stopped) return;
		if (turn.datagrams.length > 0) this.#listeners.onDrain(turn.datagrams);
		if (turn.refused) this.#listeners.onRefused(this.#refused, this.#refusedPort);
		if (turn.truncated) this.#listeners.onTruncated(this.#truncated);
		for (const error of turn.errors) this.#listeners.onError(error);
	}
}

/** A listener of the netlink package's: what such a one throws would abort the process, and never be an uncaught exception. */
function safely<Values extends unknown[]>(take: (...values: Values) => void): (...values: Values) => void {
	return (...values) => {
		try {
			take(...values);
		} catch (thrown) {
			setImmediate(() => {
				throw thrown;
			});
		}
	};
}
