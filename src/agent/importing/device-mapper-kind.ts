// The kind of a device-mapper device, by its UUID in dm/uuid (ABI/testing/sysfs-block-dm): programs put a word of their own in front
// of it, such as LVM or CRYPT-LUKS2, and mpath for multipath. Pure.

/** Undefined for a UUID that begins with no word. What follows the word may identify the machine, and is left out. */
export function deviceMapperKind(uuid: string): string | undefined {
	// A partition of a device-mapper device has "partN-" in front of the UUID of that device.
	const [, kind] = /^(?:part\d+-)?(CRYPT-[A-Z][A-Z0-9]*|[A-Za-z][A-Za-z]*)-/.exec(uuid) ?? [];
	return kind;
}
