// udev's database of devices, one file each in /run/udev/data: lines of a letter, a colon and a value. E is a property that a
// rule or an import gave; what the kernel itself says of the device is not repeated there. A device that no rule gave
// anything has no file, or an empty one. Text is read as latin1, which keeps every byte.

import { type Properties, parseProperties } from "../../libkmod/formats/properties.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import type { DeviceIdentity, PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { attempt } from "../faults/skipped.js";
import { opinionOf, restoreAliases, type UdevOpinion } from "./udev-message.js";

export const UDEV_DATABASE = "/run/udev/data";

/** The name of its file, such as c189:0, n2 or +pci:0000:00:02.0; undefined for what udev could not name. */
export function formatDeviceId(devpath: string, { subsystem, number, ifindex }: DeviceIdentity): string | undefined {
	if (subsystem === undefined) return undefined;
	if (number !== undefined) return `${subsystem === "block" ? "b" : "c"}${number}`;
	if (ifindex !== undefined) return `n${ifindex}`;
	return `+${subsystem}:${devpath.slice(devpath.lastIndexOf("/") + 1)}`;
}

/**
 * What the record says of loading. Without a MODALIAS in it the kernel's aliases count, unless a rule emptied MODALIAS when the
 * device came up: udev does not keep that here, so rules/zz-hotplugd.rules does.
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

/** The properties that a record keeps. */
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
	/** Whether udev has handled a device of which it has no record: it has one only of those that have something. */
	readonly isHandled?: (device: PresentDevice) => boolean;
};

/**
 * The devices of a walk as udev sees them: with what its rules made of them, and without those to be left alone. One that a rule
 * took its aliases from is still a device for policy. One of which the record cannot be read is passed over, since that might
 * say so.
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

/** @param record counts more. */
function joinProperties(kernels: Properties | undefined, record: Properties): Properties {
	return {
		get: (key) => record.get(key) ?? kernels?.get(key),
		*[Symbol.iterator]() {
			yield* new Map([...(kernels ?? []), ...record]);
		},
	};
}
