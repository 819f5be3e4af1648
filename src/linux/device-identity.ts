// What a device in sysfs is known by besides its path: its subsystem, the numbers of its node, its interface's index
// (Documentation/admin-guide/sysfs-rules.rst). Read only of those devices that somebody asks about.

import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

export type DeviceIdentity = {
	readonly subsystem: string | undefined;
	/** MAJOR:MINOR. */
	readonly number: string | undefined;
	readonly ifindex: string | undefined;
};

/** What cannot be read, such as that of a device that has left, is undefined. @param devpath such as /devices/pnp0/00:01 */
export function identifyDevice(sysfs: string, devpath: string): DeviceIdentity {
	const path = sysfs + devpath;
	const link = attempt(() => readlinkSync(`${path}/subsystem`));
	const uevent = attempt(() => readFileSync(`${path}/uevent`, "latin1")) ?? "";
	const [major, minor, ifindex] = ["MAJOR", "MINOR", "IFINDEX"].map((key) => readNumber(uevent, key));
	return {
		subsystem: link === undefined ? undefined : basename(link),
		number: major === undefined || minor === undefined ? undefined : `${major}:${minor}`,
		ifindex,
	};
}

function attempt<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch {
		return undefined;
	}
}

function readNumber(uevent: string, key: string): string | undefined {
	return new RegExp(`^${key}=([0-9]+)$`, "m").exec(uevent)?.[1];
}
