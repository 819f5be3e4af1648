// A capture: what decides which modules a machine loads, as one JSON object. schemas/capture.json is made from these types, docstrings
// and all (npm run schemas), and docs/capture.md describes the format. In memory, strings have one character a byte.
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";
import type { KernelLogRecord } from "../../ports/inspection.js";
import type { LastAnswer } from "../explaining/explanation.js";

/** The version of the format that this package writes. A reader refuses any later one. */
export const CAPTURE_VERSION = 1;

/** A machine's devices, live modules, configuration and indexes. A file may be compressed by gzip, xz or zstd. */
export type Capture = {
	/** The version of the format. Its name tells a capture from other JSON. */
	readonly hotplugdCapture: 1;
	/** What made the capture, such as "hotplugd 0.1.0", "hotplugd-capture 1" or "udevadm info --export-db". */
	readonly by: string;
	/** uname(2)'s release, such as 6.1.0-56-amd64. Absent when the source does not tell it. */
	readonly release?: string;
	/** uname(2)'s machine, such as x86_64. */
	readonly architecture?: string;
	/** Whether serials, MACs, UUIDs and names of host, disk and user were replaced by placeholders. */
	readonly masked: boolean;
	/** In any order: a reader sorts them as a walk of /sys would have found them. No devpath occurs twice. */
	readonly devices: readonly CapturedDevice[];
	/**
	 * Small text files by their absolute path: /proc/cmdline, /proc/modules, /proc/crypto, modprobe.d, modules-load.d,
	 * /etc/hotplugd.toml, policy rules, the kernel's parameters that evidence of a refusal needs. A file that is not listed is absent
	 * on that machine, unless `lacks` says otherwise. Comments of configuration are replaced by empty lines, so that line numbers
	 * stay.
	 */
	readonly files: Readonly<Record<string, string>>;
	/**
	 * The directory of the policy rules that came with hotplugd on that machine, whose files are among `files`. Absent when no
	 * hotplugd was found there.
	 */
	readonly rulesDirectory?: string;
	/** The directory of the kernel's modules. Absent when the source does not tell it. */
	readonly modules?: CapturedIndexes;
	/** The drivers that live modules have registered. */
	readonly drivers?: readonly CapturedDriver[];
	/** Records of the kernel's log that tell of modules, drivers or firmware. */
	readonly log?: readonly KernelLogRecord[];
	/** What came of each module the last time it was tried, by an agent's log or answer. */
	readonly answers?: readonly LastAnswer[];
	/** The file systems mounted at / and /usr. */
	readonly mounts?: readonly CapturedMount[];
	/**
	 * What the capture does not hold though its machine may have it, each a path, such as "/proc/modules", a field of this object,
	 * such as "log", or a field of each device, such as "devices.driver".
	 */
	readonly lacks?: readonly string[];
};

/** A device of /sys/devices, or a module of /sys/module as one. Absent fields are absent on the machine, unless `lacks` names them. */
export type CapturedDevice = {
	/** The path below /sys, such as /devices/pci0000:00/0000:00:02.0. */
	readonly devpath: string;
	/** The last name in the target of the link `subsystem`. */
	readonly subsystem?: string;
	/** Whether that link leads below /sys/bus. */
	readonly onBus?: boolean;
	/** The text of the attribute `modalias`, without the line end at its end. */
	readonly modalias?: string;
	/** Lines KEY=VALUE of the attribute `uevent`, without the line end at its end. */
	readonly uevent?: string;
	/** The driver that has bound the device. */
	readonly driver?: string;
	/** The module of that driver, by its name in /sys/module. Absent when the driver is built in. */
	readonly driverModule?: string;
	/** The devpath of the device that ACPI describes by this one: as DeviceState tells it. */
	readonly physicalNode?: string;
	readonly driverOverride?: string;
	readonly waitingForSupplier?: boolean;
	/** Devpaths of the devices that this one needs. */
	readonly suppliers?: readonly string[];
	/** Of a block device: the devpaths of the devices below it, by its directory `slaves`. */
	readonly slaves?: readonly string[];
	/** Of a device-mapper device: the word in front of its UUID, such as CRYPT-LUKS2 or LVM (`dm/uuid`). */
	readonly dmKind?: string;
	/** Of a device-mapper device: the targets of its table, such as crypt or linear, where a tool could tell them. */
	readonly dmTargets?: readonly string[];
	/** Of an md device: its level, such as raid1 (`md/level`). */
	readonly mdLevel?: string;
};

export type CapturedDriver = {
	/** The module, by its name in /sys/module. */
	readonly module: string;
	readonly bus: string;
	readonly name: string;
};

/** A mounted file system that boot needs. */
export type CapturedMount = {
	/** "/" or "/usr". */
	readonly at: string;
	/** Such as ext4. */
	readonly fileSystem: string;
	/** The devpaths of the block devices that it lies on. Empty when they are not known. */
	readonly devices: readonly string[];
};

/** The indexes of a kernel's modules: themselves, or their digests alone. */
export type CapturedIndexes = {
	/** Such as /lib/modules/6.1.0-56-amd64. */
	readonly directory: string;
	/** The distribution's package of that kernel. */
	readonly package?: { readonly name: string; readonly version: string };
	/** The files modules.* that are there, by name. */
	readonly files: Readonly<Record<string, CapturedIndex>>;
	/** Module files that modules.dep names and that are not there, as it spells them. */
	readonly missing?: readonly string[];
};

/** A file modules.* of a kernel. */
export type CapturedIndex = {
	readonly bytes: WholeNumber;
	/** Of the content, in hexadecimal. */
	readonly sha256: string;
	/** The content, compressed by gzip, in base64. Absent in a capture that holds digests alone. */
	readonly gzip?: string;
};
