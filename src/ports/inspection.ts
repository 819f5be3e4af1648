// The port to what a machine shows of a device and of a module after loading: links and attributes in /sys, and the kernel's log.
// Read on demand, by `explain` and by a dry run for people; the pipeline never reads any of it. All strings have one character a
// byte. src/linux/devices/inspection.ts implements it.

/** A device as sysfs shows it now. */
export type DeviceState = {
	/** The path below /sys, such as /devices/pci0000:00/0000:00:02.0. */
	readonly devpath: string;
	/** The last name in the target of the link `subsystem`. */
	readonly subsystem: string | undefined;
	/** Whether the device is on a bus, whose drivers bind devices. False for a device of a class, and one without a subsystem. */
	readonly onBus: boolean;
	/** The driver that has bound the device: the last name in the target of the link `driver`. */
	readonly driver: string | undefined;
	/** The module of that driver, by its name in /sys/module. Undefined when the driver is built in, or there is none. */
	readonly driverModule: string | undefined;
	/**
	 * The device that firmware describes by this one (ACPI): the devpath that the link `physical_node` leads to. When there are
	 * several (`physical_node1`), the first that has a driver, or else the first.
	 */
	readonly physicalNode: string | undefined;
	/** The driver that has bound the device at `physicalNode`. */
	readonly physicalDriver: string | undefined;
	/** The only driver that may bind the device (ABI/testing/sysfs-bus-pci, driver_override). Undefined when none is set. */
	readonly driverOverride: string | undefined;
	/** Whether the kernel has put off the probe until a supplier comes up (ABI/testing/sysfs-devices-waiting_for_supplier). */
	readonly waitingForSupplier: boolean | undefined;
	/** The devices that this one needs, by its links `supplier:*`: those that are there. */
	readonly suppliers: readonly { readonly devpath: string; readonly driver: string | undefined }[];
};

/** A driver that a module has registered. */
export type DriverState = {
	readonly bus: string;
	readonly name: string;
	/** The devpaths of the devices that it has bound. */
	readonly devices: readonly string[];
};

/**
 * One record of the kernel's log, /dev/kmsg (ABI/testing/dev-kmsg): microseconds since boot, and the message, which may hold any
 * byte, line ends and terminal codes among them.
 */
export type KernelLogRecord = { readonly microseconds: number; readonly text: string };

/** What could not be read, as a sentence for people. */
export type Unreadable = { readonly unreadable: string };

export type Inspection = {
	/** Undefined when the device is gone, or never was. Attributes that cannot be read count as absent. */
	device(devpath: string): DeviceState | undefined;
	/** The drivers that a live module has registered: those of /sys/module/NAME/drivers. Empty when there are none. */
	driversOf(module: string): readonly DriverState[];
	/** The devpath of the device that a path below /sys leads to, such as "/class/net/eth0" or "/bus/pci/devices/0000:00:02.0". */
	follow(path: string): string | undefined;
	/**
	 * The devpath of the device whose node a file is, such as /dev/sda, by the node's numbers. With a root, the path is below it.
	 * Undefined for a file that is no node of a device.
	 */
	deviceOfNode(path: string): string | undefined;
	/**
	 * The last part of the path that a path such as /dev/mapper/root leads to when all links are resolved: dm-0. With a root, the
	 * path is below it, and given without it. Undefined when the path leads to nothing.
	 */
	nodeName(path: string): string | undefined;
	/**
	 * The log that the kernel still has, the newest record last, without what programs have written to it: all of it, or its first
	 * 16 MiB.
	 */
	kernelLog(): readonly KernelLogRecord[] | Unreadable;
};
