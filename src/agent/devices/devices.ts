// The agent's port to the devices of a machine: those announced by uevents and those present in /sys.

import type { Observable, ObservableInput } from "rxjs";
import type { PresentDevice } from "../../ports/devices.js";
import type { Uevent } from "./uevent.js";

/** What the uevent socket delivers. A drain is all datagrams that were read until none waited, or for some milliseconds. */
export type Announcement =
	| {
			readonly kind: "listening";
			/** Bytes, as the kernel counts them. */
			readonly receiveBuffer: number;
			/** Number of messages that the kernel could not deliver so far. */
			drops(): number;
			/** Bytes of messages that wait to be read, as the kernel counts them. */
			waiting(): number;
	  }
	| { readonly kind: "drain"; readonly datagrams: readonly Buffer[] }
	| { readonly kind: "refused"; readonly count: number }
	| { readonly kind: "truncated"; readonly count: number };

export type Devices = {
	/** The socket is bound when subscribing returns, and closed on unsubscribing. */
	readonly announced: Observable<Announcement>;
	/** Walks /sys, one slice at a time. A device that leaves during the walk is simply absent. */
	present(): ObservableInput<readonly PresentDevice[]>;
	/** Parses a datagram. When undefined, datagrams have the kernel's own format. */
	readonly parse?: (datagram: Buffer) => Uevent | undefined;
	/** Whether a gap in the SEQNUMs hints at a loss. True when undefined. udev sends uevents in any order. */
	readonly inOrder?: boolean;
};
