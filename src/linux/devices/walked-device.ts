// A device of the walk, whose subsystem is read from its link when a caller asks for it.

import { readlinkSync } from "node:fs";
import { basename } from "node:path";
import { type DeviceTexts, makeWalkedDevice, type WalkedDevice } from "../../libkmod/formats/walked-device.js";
import { onDisk } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";

/** Undefined when the device does not matter, as for makeWalkedDevice. @param everything whether devices without an alias matter */
export function makeDevice(
	sysfs: string,
	devpath: string,
	texts: DeviceTexts,
	everything: boolean,
): WalkedDevice | undefined {
	return makeWalkedDevice(devpath, texts, {
		everything,
		readSubsystem: () => readLink(`${sysfs}${devpath}/subsystem`),
	});
}

/** The device was removed, has no subsystem, or has an attribute of the link's name. */
const WITHOUT_LINK: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ENODEV", "EINVAL"]);

function readLink(path: string): string {
	try {
		return basename(readlinkSync(onDisk(path), "latin1"));
	} catch (thrown) {
		if (WITHOUT_LINK.has((thrown as NodeJS.ErrnoException).code)) return "";
		throw refusalFor("read", path, thrown);
	}
}
