// The port to the devices of a machine: those that are present in /sys, and the socket that announces others. src/linux/devices
// is the real one.
import type { Properties } from "../libkmod/formats/properties.js";
import type { OnSkipped } from "./skipping.js";
import type { ListenOptions, OpenUeventSocket } from "./uevents.js";

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

/** Where a machine's devices are learned of. */
export type DeviceSources = {
	/**
	 * Those that have an alias; with `concerns`, also those without, of the subsystems at least that it says, and the kernel's
	 * modules if "module" is one of them.
	 */
	present(concerns?: (subsystem: string) => boolean, onSkipped?: OnSkipped): Iterable<PresentDevice>;
	/** The same beside other work: a device that is slow to read holds up nobody. Where absent `present` serves. */
	look?(options: DeviceLookOptions): AsyncIterable<readonly PresentDevice[]>;
	/** What udev's database knows a device of either by. @throws where that cannot be read */
	identify(device: PresentDevice): DeviceIdentity;
	/** Loads what it takes to listen. Before that nothing native is loaded. */
	listen(options: ListenOptions): Promise<OpenUeventSocket>;
};

export type DeviceLookOptions = {
	readonly concerns?: ((subsystem: string) => boolean) | undefined;
	readonly onSkipped?: OnSkipped | undefined;
	/** What takes longer to be read is passed over. */
	readonly hungMilliseconds: number;
};

/** What udev calls a device by, besides its path; all of it as the kernel writes it. */
export type DeviceIdentity = {
	/** Where its link `subsystem` points to: pci, usb, net. */
	readonly subsystem: string | undefined;
	/** MAJOR:MINOR of its node, such as 8:1. */
	readonly number: string | undefined;
	/** Of a network interface. */
	readonly ifindex: string | undefined;
};
