// A capture of the text of `udevadm info --export-db`: the devices that have a subsystem, each with what the kernel tells of it in
// the attribute `uevent`, and its driver. Pure.

import { baseName } from "../../libkmod/text/base-name.js";
import { trimBlanks } from "../../libkmod/text/byte-strings.js";
import type { Capture, CapturedDevice } from "../capture/capture.js";
import { deviceMapperKind } from "../capture/device-mapper-kind.js";
import { sortBy } from "./archived-devices.js";
import { asKernelWrote, isKernelProperty, rankOf } from "./kernel-properties.js";
import { configurationPlaces, kernelFiles, neverHeld } from "./needed-paths.js";
import { parseUdevRecords, type UdevExportRecord } from "./udev-records.js";
import { UnreadableReport } from "./unreadable-report.js";
import { releaseOfUsbHub } from "./usb-hub-release.js";

/** The most devices that are taken: sixteen times as many as a large server has. */
export const MOST_IMPORTED_DEVICES = 2 ** 18;

export const UDEV_EXPORT = "udevadm info --export-db";

/** @param text one character a byte @throws {UnreadableReport} when there is no device in it, or too many are */
export function readUdevExport(text: string): Capture {
	const devices = new Map<string, CapturedDevice>();
	let release: string | undefined;
	for (const record of parseUdevRecords(text)) {
		const { devpath } = record;
		release ??= hubRelease(record);
		if (!isDevicePath(devpath)) continue;
		devices.set(devpath, deviceOf(record, devices));
		if (devices.size > MOST_IMPORTED_DEVICES)
			throw new UnreadableReport(`it lists more than ${MOST_IMPORTED_DEVICES.toLocaleString("en")} devices`);
	}
	if (devices.size === 0) throw new UnreadableReport("it is the output of udevadm, and no device is in it");
	return {
		hotplugdCapture: 1,
		by: UDEV_EXPORT,
		...(release !== undefined && { release }),
		masked: false,
		devices: sortBy(({ devpath }) => [devpath], [...devices.values()]),
		files: {},
		lacks: [...lackingFields, ...(release === undefined ? ["release"] : [])].sort(),
	};
}

/** What the text does not have, whatever the machine. */
const lackingFields: readonly string[] = [
	// Devices without a subsystem, and attributes that are no property.
	...["devices", "devices.modalias", "devices.uevent", "devices.driverModule", "devices.physicalNode"],
	...[
		"devices.driverOverride",
		"devices.waitingForSupplier",
		"devices.suppliers",
		"devices.slaves",
		"devices.dmTargets",
	],
	...["architecture", "modules", "drivers", "log", "answers", "mounts"],
	...[...kernelFiles, ...configurationPlaces, ...neverHeld],
];

/** Newer versions also list modules, as /module/NAME, and buses, classes and drivers, which are no devices. */
const isDevicePath = (path: string): boolean =>
	path.length <= 4096 && /^\/(?:devices(?:\/[^/]+)+|module\/[^/]+)$/s.test(path) && !/\/\.\.?(?:\/|$)/.test(path);

function deviceOf(record: UdevExportRecord, earlier: ReadonlyMap<string, CapturedDevice>): CapturedDevice {
	const { devpath, properties } = record;
	const last = new Map(properties);
	const subsystem = record.subsystem ?? last.get("SUBSYSTEM");
	const driver = record.driver ?? last.get("DRIVER");
	const dmKind = deviceMapperKind(last.get("DM_UUID") ?? "");
	const mdLevel = last.get("MD_LEVEL");
	if (devpath.startsWith("/module/")) return { devpath };
	const modalias = last.get("MODALIAS");
	const kernels = properties.filter(([key]) => isKernelProperty(key)).sort(([one], [two]) => rankOf(one) - rankOf(two));
	return {
		devpath,
		...(subsystem !== undefined && { subsystem, onBus: isOnBus(devpath, subsystem, last, earlier) }),
		// Of a device of a class, the attribute counts: a walk reads no other's `uevent`.
		...(modalias !== undefined && isClassOfAliases(subsystem) && { modalias }),
		uevent: kernels.map(([key, value]) => `${key}=${asKernelWrote(key, value)}`).join("\n"),
		...(driver !== undefined && { driver }),
		...(dmKind !== undefined && { dmKind }),
		...(mdLevel !== undefined && { mdLevel }),
	};
}

/**
 * Whether a device is on a bus: the text does not tell a bus from a class. A device of a class lies in a directory of the class's
 * name, or below a device of a class (get_device_parent in drivers/base/core.c). Below the latter, a device with a driver or an
 * alias is on a bus. Buses have such directories too: /devices/platform and its like, those of /devices/system, and workqueue.
 */
function isOnBus(
	devpath: string,
	subsystem: string,
	properties: ReadonlyMap<string, string>,
	earlier: ReadonlyMap<string, CapturedDevice>,
): boolean {
	const place = devpath.slice(0, devpath.lastIndexOf("/"));
	if (/^\/devices\/(?!virtual$)[^/]+$/s.test(place) || place.startsWith("/devices/system/")) return true;
	if (subsystem === "workqueue") return true;
	if (baseName(place) === subsystem) return false;
	if (properties.has("DRIVER") || properties.has("MODALIAS")) return !isClassOfAliases(subsystem);
	return earlier.get(place)?.onBus !== false;
}

/** The classes whose devices have aliases, in the attribute `modalias` the same as in `uevent`. */
const isClassOfAliases = (subsystem: string | undefined): boolean => subsystem === "input" || subsystem === "dmi";

/** The string of a root hub is kept by udev with its blanks escaped. */
function hubRelease({ properties }: UdevExportRecord): string | undefined {
	const [, vendor] = properties.find(([key]) => key === "ID_VENDOR_ENC") ?? [];
	return vendor === undefined ? undefined : releaseOfUsbHub(trimBlanks(vendor.replaceAll("\\x20", " ")));
}
