// Collects the messages of the uevent socket into drains, since many messages are handled more cheaply together. A drain is
// handed over when the socket is empty: after one turn of the event loop, or in a storm after several.
import type { UeventListeners } from "../../ports/uevents.js";

export type Sender = { readonly port: number; readonly groups: number };

// Only the kernel has port id 0. A multicast message carries its groups as a bit mask. A unicast message carries the mask 0.
const isOf = {
	kernel: ({ port, groups }: Sender) => port === 0 && groups === 1,
	udev: ({ port, groups }: Sender) => port !== 0 && groups === 2,
};

type Drain = { readonly datagrams: Buffer[]; readonly errors: Error[]; refused: boolean; truncatedBytes: number };

/** The most messages that the netlink package reads in one turn of the event loop: after so many, more may wait in the socket. */
const MOST_MESSAGES_IN_A_TURN = 32;
/** Milliseconds for which the first message of a drain is held back at most. */
const LONGEST_DRAIN_MILLISECONDS = 10;

export class UeventDrain {
	readonly #isOfSource: (sender: Sender) => boolean;
	readonly #listeners: UeventListeners;
	readonly #now: () => number;
	#drain: Drain | undefined;
	#begun = 0;
	#readInTurn = 0;
	#refused = 0;
	#refusedPort = 0;
	#truncated = 0;
	#stopped = false;

	/** @param now milliseconds of a monotonic clock */
	constructor(source: keyof typeof isOf, listeners: UeventListeners, now = () => performance.now()) {
		this.#isOfSource = isOf[source];
		this.#listeners = listeners;
		this.#now = now;
	}

	/** @param datagram is kept without a copy: the netlink package allocates a Buffer for each message */
	readonly take = safely((datagram: Buffer, sender: Sender) => {
		if (this.#isOurs(sender)) this.#current().datagrams.push(datagram);
	});

	readonly takeTruncated = safely(({ length }: Buffer, sender: Sender) => {
		if (!this.#isOurs(sender)) return;
		this.#truncated++;
		this.#current().truncatedBytes += Math.max(1, length);
	});

	readonly takeError = safely((error: Error) => {
		this.#current().errors.push(error);
	});

	/** Bytes of messages that were read and not handed over yet, truncated messages included. */
	held(): number {
		const { datagrams = [], truncatedBytes = 0 } = this.#drain ?? {};
		return datagrams.reduce((bytes, { length }) => bytes + length, truncatedBytes);
	}

	/** Stops handing over drains, for good. */
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

	#current(): Drain {
		this.#readInTurn++;
		if (this.#drain === undefined) {
			this.#drain = { datagrams: [], errors: [], refused: false, truncatedBytes: 0 };
			this.#begun = this.#now();
			setImmediate(() => this.#endTurn());
		}
		return this.#drain;
	}

	#endTurn(): void {
		const mayWait = this.#readInTurn >= MOST_MESSAGES_IN_A_TURN;
		this.#readInTurn = 0;
		if (mayWait && !this.#stopped && this.#now() - this.#begun < LONGEST_DRAIN_MILLISECONDS) {
			setImmediate(() => this.#endTurn());
			return;
		}
		const drain = this.#drain;
		this.#drain = undefined;
		if (drain !== undefined && !this.#stopped) this.#handOver(drain);
	}

	#handOver({ datagrams, errors, refused, truncatedBytes }: Drain): void {
		if (datagrams.length > 0) this.#listeners.onDrain(datagrams);
		if (refused) this.#listeners.onRefused(this.#refused, this.#refusedPort);
		if (truncatedBytes > 0) this.#listeners.onTruncated(this.#truncated);
		for (const error of errors) this.#listeners.onError(error);
	}
}

/**
 * Wraps a listener of the netlink package. An error thrown there would abort the process: it is thrown again in a later turn, as
 * an uncaught exception.
 */
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
