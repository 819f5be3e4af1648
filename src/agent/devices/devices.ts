// The agent's port to the devices of a machine: those announced by uevents and those present in /sys.

import type { Observable, ObservableInput } from "rxjs";
import type { PresentDevice } from "../../ports/devices.js";
import type { Uevent } from "./uevent.js";

/** What comes out of the uevent socket. A drain is all that was read until nothing more waited, or for some milliseconds. */
export type Announcement =
	| {
			readonly kind: "listening";
			/** Bytes, as the kernel counts them. */
			readonly receiveBuffer: number;
			/** How many messages the kernel could not deliver so far. */
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
	/** Walks /sys, a slice at a time; devices that leave meanwhile are simply not there. */
	present(): ObservableInput<readonly PresentDevice[]>;
	/** What a datagram says: the kernel's own format where absent. */
	readonly parse?: (datagram: Buffer) => Uevent | undefined;
	/** Whether a gap in the numbers of uevents hints at a loss: so it does where absent. udev tells of them in any order. */
	readonly inOrder?: boolean;
};
