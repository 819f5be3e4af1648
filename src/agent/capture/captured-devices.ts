// The devices of a captured machine, as a walk over its /sys would have found them: the same devices in the same order, with the same
// aliases and properties (src/linux/devices/device-directories.ts has the reasons).

import { identifyDevice } from "../../libkmod/formats/device-identity.js";
import {
	LATE_DEVICES,
	makeModule,
	makeWalkedDevice,
	POWER_SUPPLIES,
	type WalkedDevice,
	WITHOUT_ALIASES,
} from "../../libkmod/formats/walked-device.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { once } from "../../libkmod/kernel/once.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { DeviceSources } from "../../ports/devices.js";
import type { Capture, CapturedDevice } from "./capture.js";

/** No uevent comes from a captured machine: listening to it is refused. */
export function openCapturedDevices(capture: Capture): DeviceSources {
	const sorted = once(() => sortAsWalked(capture.devices));
	const told = once(
		() => new Set(capture.devices.flatMap(({ devpath, uevent }) => (uevent === undefined ? [] : [devpath]))),
	);
	return {
		present: (concerns) => walk(sorted(), told(), concerns),
		identify: identifyDevice,
		async listen() {
			throw new Refusal({
				operation: "listen to",
				subject: "uevents",
				code: "ENODATA",
				reason: "a captured machine sends none",
			});
		},
	};
}

type Concerns = ((subsystem: string) => boolean) | undefined;

/** @param told the devpaths of the devices that have a `uevent`: any other directory is no device */
function* walk(
	devices: readonly CapturedDevice[],
	told: ReadonlySet<string>,
	concerns: Concerns,
): Generator<WalkedDevice> {
	const isOfModules = concerns?.("module") === true;
	const crowds = [...WITHOUT_ALIASES].flatMap(([directory, crowd]) => (concerns?.(crowd) ? [] : [`${directory}/`]));
	for (const device of devices) {
		const { devpath, modalias, uevent } = device;
		if (devpath.startsWith("/module/")) {
			if (isOfModules) yield makeModule(baseName(devpath));
			continue;
		}
		if (crowds.some((crowd) => devpath.startsWith(crowd) || `${devpath}/` === crowd)) continue;
		const isTold = uevent !== undefined && (modalias !== undefined || !isOfOtherClass(device, told, concerns));
		if (modalias === undefined && !isTold) continue;
		const texts = { modalias, uevent: isTold ? uevent : undefined };
		const readSubsystem = () => device.subsystem ?? "";
		const found = makeWalkedDevice(devpath, texts, { everything: concerns !== undefined, readSubsystem });
		if (found !== undefined) yield found;
	}
}

/** Whether a device is of a class that does not matter: in a directory with the class's name, which is no device itself. */
function isOfOtherClass(
	{ devpath, subsystem, onBus }: CapturedDevice,
	told: ReadonlySet<string>,
	concerns: Concerns,
): boolean {
	const place = devpath.slice(0, devpath.lastIndexOf("/"));
	const name = baseName(place);
	if (told.has(place) || concerns?.(name)) return false;
	return name === POWER_SUPPLIES || (subsystem === name && onBus !== true);
}

/** Parents before children, names in the order of their bytes, modules first, ACPI's own devices last. */
export function sortAsWalked(devices: readonly CapturedDevice[]): readonly CapturedDevice[] {
	const keyed = devices.map((device) => ({ device, key: sortKey(device.devpath) }));
	return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ device }) => device);
}

/** A slash comes before every byte of a name. */
function sortKey(devpath: string): string {
	const isLate = devpath === LATE_DEVICES || devpath.startsWith(`${LATE_DEVICES}/`);
	const rank = isLate ? "2" : devpath.startsWith("/module/") ? "0" : "1";
	return rank + devpath.replaceAll("/", "\0");
}
