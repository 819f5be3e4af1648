// The machine that an initramfs is to boot: a capture, arranged for the questions that are asked of it.

import { listLiveNames } from "../../libkmod/formats/proc-modules.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { Capture, CapturedDevice } from "../capture/capture.js";

export type BootSide = {
	readonly capture: Capture;
	/** What is known of the modules of the machine's kernel. Undefined for a capture that has digests alone. */
	readonly knowledge: Knowledge | undefined;
	/** By devpath. */
	readonly devices: ReadonlyMap<string, CapturedDevice>;
	/** The names of the live modules. Undefined where the capture does not tell. */
	readonly live: ReadonlySet<string> | undefined;
	/** Whether the capture tells the drivers of devices, and the modules of those. */
	readonly tellsDrivers: boolean;
	readonly tellsDriverModules: boolean;
};

export function makeBootSide(capture: Capture, knowledge: Knowledge | undefined): BootSide {
	const lacks = (name: string): boolean => capture.lacks?.includes(name) === true;
	const modules = capture.files["/proc/modules"];
	return {
		capture,
		knowledge,
		devices: new Map(capture.devices.map((device) => [device.devpath, device])),
		live: modules === undefined ? undefined : listLiveNames(modules),
		tellsDrivers: !lacks("devices.driver"),
		tellsDriverModules: !lacks("devices.driver") && !lacks("devices.driverModule"),
	};
}

/** The value of a key in the attribute `uevent`. */
export function ueventValue({ uevent = "" }: CapturedDevice, key: string): string | undefined {
	const line = uevent.split("\n").find((one) => one.startsWith(`${key}=`));
	return line?.slice(key.length + 1);
}

/** Each alias once: every line of `modalias`, and MODALIAS of `uevent`. */
export function listCapturedAliases(device: CapturedDevice): readonly string[] {
	const lines = (device.modalias ?? "").split("\n");
	return [...new Set([...lines, ueventValue(device, "MODALIAS") ?? ""])].filter((alias) => alias !== "");
}

/** The devpaths of a device and of all above it that the machine has, from the root of devices down to the device. */
export function listLineage({ devices }: BootSide, devpath: string): readonly CapturedDevice[] {
	const names = devpath.split("/");
	return names.flatMap((_, place) => devices.get(names.slice(0, place + 1).join("/")) ?? []);
}

/** The name of a block device as people know it, such as /dev/sda2, or dm-0. */
export function blockName(devpath: string): string {
	// The kernel writes "!" for a slash in a device's name, as in cciss!c0d0.
	const name = devpath.slice(devpath.lastIndexOf("/") + 1).replaceAll("!", "/");
	return name.startsWith("dm-") ? name : `/dev/${name}`;
}
