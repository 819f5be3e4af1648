// The port to the devices of a machine: the devices present in /sys, and the uevent socket, which announces new ones.
// src/linux/devices implements it.
import type { Properties } from "../libkmod/formats/properties.js";
import type { OnSkipped } from "./skipping.js";
import type { ListenOptions, OpenUeventSocket } from "./uevents.js";

export type PresentDevice = {
	/** The path below /sys, such as /devices/pci0000:00/0000:00:02.0. */
	readonly devpath: string;
	/** Each alias once: every line of `modalias` and every MODALIAS of `uevent`. */
	readonly aliases: readonly string[];
	/** The uevent's action. When absent, "add": a present device has been added. */
	readonly action?: string;
	/** SUBSYSTEM, DEVTYPE and the other properties of the device's uevent. None when absent. */
	readonly properties?: Properties;
};

/** The sources of a machine's devices. */
export type DeviceSources = {
	/**
	 * The present devices that have an alias. With `concerns`, also devices without an alias, at least those of the subsystems that
	 * `concerns` accepts, and the kernel's modules if it accepts "module".
	 */
	present(concerns?: (subsystem: string) => boolean, onSkipped?: OnSkipped): Iterable<PresentDevice>;
	/** The same devices, read beside other work: a device that is slow to read delays no other. When absent, `present` is used. */
	look?(options: DeviceLookOptions): AsyncIterable<readonly PresentDevice[]>;
	/** The identity by which udev's database knows a device of `present` or `look`. @throws when it cannot be read */
	identify(device: PresentDevice): DeviceIdentity;
	/** Loads the native code of the uevent socket, which is not loaded before. Resolves with a function that opens the socket. */
	listen(options: ListenOptions): Promise<OpenUeventSocket>;
};

export type DeviceLookOptions = {
	readonly concerns?: ((subsystem: string) => boolean) | undefined;
	readonly onSkipped?: OnSkipped | undefined;
	/**
	 * Called for each directory that has an attribute `modalias` or `uevent`, those that are no device of the look included, with the
	 * texts of both, or the reason why one could not be read.
	 */
	readonly onTexts?:
		| ((devpath: string, texts: { modalias?: string | Error | undefined; uevent?: string | Error | undefined }) => void)
		| undefined;
	/** Milliseconds after which the read of an attribute is given up, and its device reported as skipped. */
	readonly hungMilliseconds: number;
};

/** The names by which udev knows a device, besides its path, each as the kernel writes it. */
export type DeviceIdentity = {
	/** The last name in the target of the device's link `subsystem`: pci, usb, net. */
	readonly subsystem: string | undefined;
	/** MAJOR:MINOR of the device node, such as 8:1. */
	readonly number: string | undefined;
	/** The index of a network interface. */
	readonly ifindex: string | undefined;
};
