// The identity of a device besides its path: its subsystem, the numbers of its device node, the index of its network interface
// (Documentation/admin-guide/sysfs-rules.rst). The walk has read all of these already, except for the link to the subsystem.

import type { Properties } from "./properties.js";

/**
 * A value that the device's `uevent` lacks, or that cannot be read, is undefined. `number` is MAJOR:MINOR.
 * @throws {Refusal} when the subsystem cannot be read
 */
export function identifyDevice({ properties }: { readonly properties?: Properties }): {
	readonly subsystem: string | undefined;
	readonly number: string | undefined;
	readonly ifindex: string | undefined;
} {
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
