// The agent's port to the devices of a machine: those announced by uevents and those present in /sys.
import type { Observable, ObservableInput } from "rxjs";
import type { Properties } from "../../libkmod/formats/properties.js";
import type { OnSkipped } from "../faults/skipped.js";
import type { OpenUeventSocket } from "./announcements.js";
import type { DeviceIdentity } from "./udev-database.js";
import type { Uevent } from "./uevent.js";

export type PresentDevice = {
	/** Below /sys, such as /devices/pci0000:00/0000:00:02.0. */
	readonly devpath: string;
	/** Each alias once: every line of `modalias` and every MODALIAS of `uevent`. */
	readonly aliases: readonly string[];
	/** What is said of it: "add" where absent, since a device that is there has come up. */
	readonly action?: string;
	/** SUBSYSTEM, DEVTYPE and whatever else its uevent tells. None where absent. */
	readonly properties?: Properties;
};

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

/** Where a machine's devices are learned of. */
export type DeviceSources = {
	/**
	 * Those that have an alias; with `concerns`, also those without, of the subsystems at least that it says, and the kernel's
	 * modules if "module" is one of them.
	 */
	present(concerns?: (subsystem: string) => boolean, onSkipped?: OnSkipped): Iterable<PresentDevice>;
	/** The same beside other work: a device that is slow to read holds up nobody. Where absent `present` serves. */
	look?(options: LookOptions): AsyncIterable<readonly PresentDevice[]>;
	/** What udev's database knows a device of either by. @throws where that cannot be read */
	identify(device: PresentDevice): DeviceIdentity;
	/** Loads what it takes to listen. Before that nothing native is loaded. */
	listen(options: ListenOptions): Promise<OpenUeventSocket>;
};

export type LookOptions = {
	readonly concerns?: ((subsystem: string) => boolean) | undefined;
	readonly onSkipped: OnSkipped;
	/** What takes longer to be read is passed over. */
	readonly hungMilliseconds: number;
};

/** Who sends: the kernel, when a device comes up, or udev, when its rules have run. */
export type UeventSource = "kernel" | "udev";

export type ListenOptions = {
	/** Bytes of receive buffer to ask for. */
	readonly receiveBuffer: number;
	readonly source?: UeventSource;
};
