// What a device of a walk is known by besides its path: its subsystem, the numbers of its node, its interface's index
// (Documentation/admin-guide/sysfs-rules.rst). All of it was read by the walk, but for the link to its subsystem.

import type { Properties } from "../../libkmod/formats/properties.js";
import type { DeviceIdentity } from "../../ports/devices.js";

/** What its uevent does not tell, or cannot be read there, is undefined. @throws {Refusal} where its subsystem cannot be read */
export function identifyDevice({ properties }: { readonly properties?: Properties }): DeviceIdentity {
	const [major, minor, ifindex] = ["MAJOR", "MINOR", "IFINDEX"].map((key) => numberIn(properties, key));
	return {
		subsystem: properties?.get("SUBSYSTEM"),
		number: major === undefined || minor === undefined ? undefined : `${major}:${minor}`,
		ifindex,
	};
}

function numberIn(properties: Properties | undefined, key: string): string | undefined {
	try {
		const value = properties?.get(key);
		return value !== undefined && /^[0-9]+$/.test(value) ? value : undefined;
	} catch {
		return undefined;
	}
}
