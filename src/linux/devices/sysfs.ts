// Walks the devices present in /sys/devices and their aliases (Documentation/admin-guide/sysfs-rules.rst,
// ABI/testing/sysfs-uevent). The walk writes nothing: writing "add" to `uevent` would make every other listener handle the device
// again.

import { openSync, readSync } from "node:fs";
import { makeModule, type WalkedDevice } from "../../libkmod/formats/walked-device.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { isShortage, refusalFor } from "../files/refusal.js";
import { ATTRIBUTE_BUFFER_BYTES, attributeIn } from "./attribute-buffer.js";
import { type DirectoryOptions, hasLeft, listDevices, listModules, unreadable } from "./device-directories.js";
import { makeDevice } from "./walked-device.js";

/**
 * Yields every device that has an alias, parents before children. With `concerns` the walk also yields devices without an alias,
 * and asks `concerns` for a subsystem only where that saves reading many devices. If `concerns` accepts "module", the kernel's
 * modules come first, since the kernel sends uevents for modules as for devices.
 *
 * Both attributes are read, since some buses give the alias in one of them only: MDIO in `uevent`, the parent of the CPUs in
 * `modalias`. A device that is removed meanwhile is left out without a word. A device that cannot be read is reported to
 * `onSkipped`. Attributes are read synchronously, one after the other: a caller that has other work meanwhile uses walkOnThreads.
 * @throws {Refusal} by "walk" when there are no devices at all, or no file descriptors are left
 */
export function* walkDevices(
	sysfs: string,
	concerns?: DirectoryOptions["concerns"],
	onSkipped?: OnSkipped,
): Generator<WalkedDevice> {
	if (concerns?.("module")) for (const name of listModules(sysfs, onSkipped)) yield makeModule(name);
	const next = listDevices(sysfs, { concerns, onSkipped });
	const buffer = Buffer.allocUnsafeSlow(ATTRIBUTE_BUFFER_BYTES);
	const everything = concerns !== undefined;

	function read(devpath: string, name: "modalias" | "uevent"): string | Error | undefined {
		const path = `${sysfs}${devpath}/${name}`;
		try {
			return readAttribute(path, buffer);
		} catch (thrown) {
			if (isShortage(thrown)) throw refusalFor("walk", path, thrown);
			if (hasLeft(path, thrown)) return undefined;
			const error = unreadable(`its ${name}`, thrown);
			onSkipped?.(devpath, error);
			return error;
		}
	}

	for (let directory = next(); directory !== undefined; directory = next()) {
		const { devpath } = directory;
		const modalias = directory.modalias ? read(devpath, "modalias") : undefined;
		const uevent = directory.uevent ? read(devpath, "uevent") : undefined;
		const device = makeDevice(sysfs, devpath, { modalias, uevent }, everything);
		if (device !== undefined) yield device;
	}
}

function readAttribute(path: string, buffer: Buffer): string {
	const fd = openSync(onDisk(path), "r");
	try {
		const text = attributeIn(buffer, readSync(fd, buffer), path);
		if (typeof text !== "string") throw text;
		return text;
	} finally {
		closeQuietly(fd);
	}
}
