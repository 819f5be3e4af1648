// Which properties of a device the kernel itself tells, in the attribute `uevent`. udev's database has them among those that its
// rules add: serials, file systems, names of links. The kernel's alone decide which modules a machine loads, and of
// these, serials, addresses and labels decide nothing: others alone are in a capture. Pure.

// Keys that drivers and buses of the kernel pass to add_uevent_var(), by where they are from.
const KEYS: ReadonlySet<string> = new Set([
	// drivers/base/core.c, drivers/of/device.c
	...["MAJOR", "MINOR", "DEVNAME", "DEVMODE", "DEVUID", "DEVGID", "DEVTYPE", "DRIVER", "MODALIAS"],
	// net, input, rc, extcon, rfkill, typec
	...[
		"INTERFACE",
		"IFINDEX",
		"NAME",
		"PHYS",
		"UNIQ",
		"PROP",
		"EV",
		"KEY",
		"REL",
		"ABS",
		"MSC",
		"LED",
		"SND",
		"FF",
		"SW",
	],
	...["DRV_NAME", "DEV_NAME", "STATE", "TYPEC_PORT"],
	// usb, hid, block
	...["PRODUCT", "TYPE", "BUSNUM", "DEVNUM", "DEVICE", "DISKSEQ", "PARTN"],
	// s390's ccw and ap, firewire, pcmcia, greybus
	...["CU_TYPE", "CU_MODEL", "DEV_TYPE", "DEV_MODEL", "VENDOR_ID", "MODEL_ID", "SPECIFIER_ID", "VERSION"],
	...["SOCKET_NO", "DEVICE_NO", "BUS", "MODULE", "BUNDLE", "BUNDLE_CLASS"],
]);

const FAMILY =
	/^(?:OF|PCI|HID|SERIO|MMC|SDIO|POWER_SUPPLY|RFKILL|NVME|USB4|USB_UDC|W1|DVB|BCMA|ZORRO|MEI_CL|MEI|WMI|GNSS|GREYBUS|XENBUS|CHSC|SOUNDWIRE|SLIMBUS|MEMSTICK|TEE|SDW|RPMSG|VMBUS|ISHTP|AUXILIARY)_[A-Z0-9_]+$/;

/** Values that tell one device of a type from another: they decide nothing. */
const IDENTITY = /_(?:UNIQ|SERIAL_NUMBER|HOSTNQN|HOSTID)$/;

/** Whether the kernel tells a property of that name. DEVPATH, SUBSYSTEM and ACTION are no lines of the attribute. */
export const isKernelProperty = (key: string): boolean => KEYS.has(key) || (FAMILY.test(key) && !IDENTITY.test(key));

/** The kernel names nodes below /dev without it; udev adds it. */
export function asKernelWrote(key: string, value: string): string {
	return key === "DEVNAME" && value.startsWith("/dev/") ? value.slice("/dev/".length) : value;
}

/** Where the kernel writes a property: these come first, in this order (dev_uevent in drivers/base/core.c), and others behind. */
const FIRST = ["MAJOR", "MINOR", "DEVNAME", "DEVMODE", "DEVUID", "DEVGID", "DEVTYPE", "DRIVER"];

export function rankOf(key: string): number {
	const place = FIRST.indexOf(key);
	return place < 0 ? FIRST.length : place;
}
