// The devices that stand for one without an alias: modules are asked for by aliases, so that a disk is explained by the controller
// above it, and a USB device by its interfaces below it. Pure.

import { baseName } from "../../libkmod/text/base-name.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Inspection } from "../../ports/inspection.js";

type Surrounding = {
	readonly devices: readonly PresentDevice[];
	readonly inspection: Pick<Inspection, "device"> | undefined;
};

/** At least one device: the given one when it has an alias or a driver, or when no device around it has an alias. */
export function listStandIns(device: PresentDevice, { devices, inspection }: Surrounding): readonly PresentDevice[] {
	if (device.aliases.length > 0) return [device];
	const interfaces = listInterfaces(device.devpath, devices);
	if (interfaces.length > 0) return interfaces;
	if (inspection?.device(device.devpath)?.driver !== undefined) return [device];
	return [findAbove(device, devices) ?? device];
}

/**
 * The devices below a directory of /sys/devices that is no device of the walk, as in a capture that has only devices with an alias:
 * the interfaces of a USB device, or else those devices that have no other one with an alias above them.
 * @param place the directory's path below /sys, or its last name
 */
export function listBelow(place: string, devices: readonly PresentDevice[]): readonly PresentDevice[] {
	const name = place.startsWith("/") ? place : `/${place}`;
	// Each device is in /devices, which is none itself.
	if (name === "/devices" || name === "/") return [];
	const directories = new Set<string>();
	for (const { devpath } of devices) {
		const at = place === name ? (devpath.startsWith(`${name}/`) ? 0 : -1) : devpath.indexOf(`${name}/`);
		if (at >= 0) directories.add(devpath.slice(0, at + name.length));
	}
	return [...directories].flatMap((directory) => {
		const interfaces = listInterfaces(directory, devices);
		return interfaces.length > 0 ? interfaces : listFirstBelow(directory, devices);
	});
}

/** The interfaces of a USB device, which are named CONFIGURATION.NUMBER after it: 1-4.1:1.0, or 1-0:1.0 for the root hub usb1. */
function listInterfaces(devpath: string, devices: readonly PresentDevice[]): readonly PresentDevice[] {
	const name = baseName(devpath).replace(/^usb(\d+)$/, "$1-0");
	const start = `${devpath}/${name}:`;
	const isInterface = (path: string): boolean => path.startsWith(start) && /^\d+\.\d+$/.test(path.slice(start.length));
	return devices.filter(({ devpath: path, aliases }) => aliases.length > 0 && isInterface(path));
}

function listFirstBelow(directory: string, devices: readonly PresentDevice[]): readonly PresentDevice[] {
	const below = devices.filter(({ devpath, aliases }) => aliases.length > 0 && devpath.startsWith(`${directory}/`));
	const paths = new Set(below.map(({ devpath }) => devpath));
	return below.filter(({ devpath }) => !listAbove(devpath).some((path) => paths.has(path)));
}

function findAbove({ devpath }: PresentDevice, devices: readonly PresentDevice[]): PresentDevice | undefined {
	const above = new Set(listAbove(devpath));
	const found = devices.filter((one) => one.aliases.length > 0 && above.has(one.devpath));
	return found.toSorted((a, b) => b.devpath.length - a.devpath.length)[0];
}

/** The paths of the directories above a path. */
function listAbove(devpath: string): readonly string[] {
	const paths: string[] = [];
	for (let at = devpath.lastIndexOf("/"); at > 0; at = devpath.lastIndexOf("/", at - 1))
		paths.push(devpath.slice(0, at));
	return paths;
}
