// udev's database of devices, one file each in /run/udev/data: lines of a letter, a colon and a value. E is a property that a
// rule or an import gave; what the kernel itself says of the device is not repeated there. A device that no rule gave
// anything has no file, or an empty one. Text is read as latin1, which keeps every byte.

import type { Files } from "../libkmod/kernel.js";
import type { PresentDevice } from "./devices.js";
import { opinionOf, reader, restoreAliases, type UdevOpinion } from "./udev-message.js";

/** What udev calls a device by, besides its path; all of it as the kernel writes it. */
export type DeviceIdentity = {
	/** Where its link `subsystem` points to: pci, usb, net. */
	readonly subsystem: string | undefined;
	/** MAJOR:MINOR of its node, such as 8:1. */
	readonly number: string | undefined;
	/** Of a network interface. */
	readonly ifindex: string | undefined;
};

export const UDEV_DATABASE = "/run/udev/data";

/** The name of its file, such as c189:0, n2 or +pci:0000:00:02.0; undefined for what udev could not name. */
export function formatDeviceId(devpath: string, { subsystem, number, ifindex }: DeviceIdentity): string | undefined {
	if (subsystem === undefined) return undefined;
	if (number !== undefined) return `${subsystem === "block" ? "b" : "c"}${number}`;
	if (ifindex !== undefined) return `n${ifindex}`;
	return `+${subsystem}:${devpath.slice(devpath.lastIndexOf("/") + 1)}`;
}

/**
 * What the record says of loading. Without a MODALIAS in it the kernel's aliases count: that a rule emptied MODALIAS is not kept
 * here by udev, so a device that must never get a driver takes `HOTPLUGD="ignore"`.
 */
export function parseUdevRecord(text: string, fromKernel: readonly string[]): UdevOpinion {
	const read = reader(`\n${text}`, "\nE:", "\n");
	const opinion = opinionOf(read);
	if (opinion.leftAlone !== undefined) return opinion;
	if (read("MODALIAS") === undefined) return { aliases: fromKernel, leftAlone: undefined };
	return { aliases: restoreAliases(opinion.aliases, fromKernel), leftAlone: undefined };
}

/** The devices of a walk as udev sees them: with the aliases that its rules left them, and without those to be left alone. */
export function* seenByUdev(
	present: Iterable<PresentDevice>,
	identify: (devpath: string) => DeviceIdentity,
	files: Pick<Files, "read">,
): Generator<PresentDevice> {
	for (const device of present) {
		const id = formatDeviceId(device.devpath, identify(device.devpath));
		const record = id === undefined ? undefined : files.read(`${UDEV_DATABASE}/${id}`);
		const { aliases } = record ? parseUdevRecord(record.toString("latin1"), device.aliases) : device;
		if (aliases.length > 0) yield { ...device, aliases };
	}
}
