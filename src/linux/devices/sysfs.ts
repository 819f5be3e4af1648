// The devices present in /sys/devices and their aliases (Documentation/admin-guide/sysfs-rules.rst, ABI/testing/sysfs-uevent).
// Nothing is written there: writing "add" to `uevent` would make everybody else that listens do their work again.

import { openSync, readSync } from "node:fs";
import type { OnSkipped } from "../../ports/skipping.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { isShortage, refusalFor } from "../files/refusal.js";
import { ATTRIBUTE_BUFFER, attributeIn } from "./attribute-buffer.js";
import { type DirectoryOptions, hasLeft, listDevices, listModules, unreadable } from "./device-directories.js";
import { makeDevice, makeModule, type WalkedDevice } from "./walked-device.js";

/**
 * Every device that has an alias, parents before children. With `concerns` also those without, of the subsystems that it says
 * where that saves a look at many; and the kernel's modules, which are announced as devices are, if "module" is one of those.
 * Some buses tell it in one of the two files only: MDIO in `uevent`,
 * the CPUs' parent in `modalias`. What has left is passed over; of what cannot be read `onSkipped` is told. One attribute after
 * the other: whoever has other work meanwhile takes walkOnThreads.
 * @throws {Refusal} where there are no devices at all, or no descriptors are left.
 */
export function* walkDevices(
	sysfs: string,
	concerns?: DirectoryOptions["concerns"],
	onSkipped?: OnSkipped,
): Generator<WalkedDevice> {
	if (concerns?.("module")) for (const name of listModules(sysfs, onSkipped)) yield makeModule(name);
	const next = listDevices(sysfs, { concerns, onSkipped });
	const buffer = Buffer.allocUnsafeSlow(ATTRIBUTE_BUFFER);
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
