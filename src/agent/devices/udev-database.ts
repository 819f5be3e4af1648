// udev's database of devices, in /run/udev/data: one file for each device, with lines of a letter, a colon and a value. E is a
// property that a rule or an import set; properties of the kernel itself are not repeated there. A device without any such
// property has no file, or an empty one. Text is read as latin1, which keeps every byte.

import { type Properties, parseProperties } from "../../libkmod/formats/properties.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { DeviceIdentity, PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { attempt } from "../faults/skipped.js";
import { opinionOf, restoreAliases, type UdevOpinion } from "./udev-message.js";

export const UDEV_DATABASE = "/run/udev/data";

/**
 * Returns the name of the device's file, such as c189:0, n2 or +pci:0000:00:02.0. Undefined for a device without a subsystem,
 * which udev cannot name.
 */
export function formatDeviceId(devpath: string, { subsystem, number, ifindex }: DeviceIdentity): string | undefined {
	if (subsystem === undefined) return undefined;
	if (number !== undefined) return `${subsystem === "block" ? "b" : "c"}${number}`;
	if (ifindex !== undefined) return `n${ifindex}`;
	return `+${subsystem}:${baseName(devpath)}`;
}

/**
 * Judges what the record says of loading. Without a MODALIAS in the record the kernel's aliases count, unless a rule emptied
 * MODALIAS when the device came up: udev does not record that, so rules/zz-hotplugd.rules does.
 */
export function judgeUdevRecord(record: Properties, fromKernel: readonly string[]): UdevOpinion {
	const opinion = opinionOf((key) => record.get(key));
	if (opinion.leftAlone !== undefined) return opinion;
	if (record.get("MODALIAS") === undefined) {
		const keptOut = record.get("HOTPLUGD_KEPT_OUT") === "1";
		return { aliases: keptOut ? [] : fromKernel, leftAlone: undefined };
	}
	return { aliases: restoreAliases(opinion.aliases, fromKernel), leftAlone: undefined };
}

/** Parses the properties of a record. */
export function parseUdevRecord(text: string): Properties {
	const lines = parseProperties(`\n${text}`, "\n");
	return {
		get: (key) => lines.get(`E:${key}`),
		*[Symbol.iterator]() {
			for (const [key, value] of lines) if (key.startsWith("E:")) yield [key.slice("E:".length), value];
		},
	};
}

export type SeenByUdev = {
	readonly identify: (device: PresentDevice) => DeviceIdentity;
	readonly files: Pick<Files, "read">;
	readonly onSkipped?: OnSkipped;
	/** Whether udev has handled a device without a record: udev keeps a record only for devices with properties of their own. */
	readonly isHandled?: (device: PresentDevice) => boolean;
};

/**
 * Yields the devices of a walk as udev sees them: with the properties that udev's rules set, and without the devices to be left
 * alone. A device whose aliases a rule took away is still a device for policy. A device whose record cannot be read is skipped,
 * since the record might say that the device is to be left alone.
 */
export function* seenByUdev(present: Iterable<PresentDevice>, options: SeenByUdev): Generator<PresentDevice> {
	const { onSkipped = () => undefined } = options;
	for (const device of present) {
		const seen = attempt(device.devpath, onSkipped, undefined, () => seeByUdev(device, options));
		if (seen !== undefined) yield seen;
	}
}

function seeByUdev(
	device: PresentDevice,
	{ identify, files, isHandled = () => true }: SeenByUdev,
): PresentDevice | undefined {
	const id = formatDeviceId(device.devpath, identify(device));
	const content = id === undefined ? undefined : files.read(`${UDEV_DATABASE}/${id}`);
	if (content === undefined) return id === undefined || isHandled(device) ? device : undefined;
	const record = parseUdevRecord(content.toString("latin1"));
	const { aliases, leftAlone } = judgeUdevRecord(record, device.aliases);
	if (leftAlone !== undefined) return undefined;
	return { ...device, aliases, properties: joinProperties(device.properties, record) };
}

/** @param record wins over the kernel's properties */
function joinProperties(kernels: Properties | undefined, record: Properties): Properties {
	return {
		get: (key) => record.get(key) ?? kernels?.get(key),
		*[Symbol.iterator]() {
			yield* new Map([...(kernels ?? []), ...record]);
		},
	};
}
