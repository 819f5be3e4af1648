// The environment of a command: the variables of the uevent that are data, and a PATH. Pure. One table serves the agent, which
// sends no other variables, and its companion, which accepts no others from the agent. Parts of a uevent are text that the device
// itself supplies, and a line break in such text begins what looks like another key of the file `uevent` in /sys: so this is an
// allow list of names, not a block list.

import type { PresentDevice } from "../../ports/devices.js";
export type Environment = Readonly<Record<string, string>>;

/** The PATH of all commands, whether the agent or the companion runs them. */
export const COMMAND_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Keys that the kernel sets for any device (lib/kobject_uevent.c, drivers/base/core.c). */
const OF_ANY_DEVICE: ReadonlySet<string> = new Set([
	...["ACTION", "DEVPATH", "SUBSYSTEM", "DEVTYPE", "DEVNAME", "DRIVER", "MODALIAS", "SEQNUM", "MAJOR", "MINOR"],
]);

/** Keys that subsystems and udev's rules set: a name that ends in an underscore is a prefix, all others are whole names. */
const DATA: readonly string[] = [
	...["ID_", "OF_", "POWER_SUPPLY_", "HID_", "PCI_", "USB_", "SCSI_", "SDEV_", "MMC_", "SDIO_", "TIFM_", "NVME_"],
	...["RFKILL_", "SERIO_", "SYNTH_", "DISK_", "WMI_"],
	// Keys of usb, net and block, and of a "move".
	...["PRODUCT", "INTERFACE", "IFINDEX", "BUSNUM", "DEVNUM", "DISKSEQ", "PARTN", "DEVPATH_OLD"],
];

/**
 * Variables that change any program: the dynamic linker, the C library, shells, interpreters (ld.so(8), environ(7), bash(1),
 * perlrun(1)).
 */
const HEEDED_BY_PROGRAMS =
	/^(?:LD_|GCONV_|GLIBC_|MALLOC_|LOCPATH$|NLSPATH$|HOSTALIASES$|LOCALDOMAIN$|RES_|TZ|BASH|SHELLOPTS$|ENV$|IFS$|PS[0-9]$|CDPATH$|PROMPT_|PERL|PYTHON|RUBY|LUA_|NODE_|JAVA_|HOME$|PATH$|SHELL$|EDITOR$|PAGER$|TMPDIR$|TERM)/;

/** Variables that change kmod (modprobe(8)), service managers, and other programs that a command may call. */
const HEEDED_BY_TOOLS =
	/^(?:MODPROBE_|KMOD_|HOTPLUGD|UDEV_|SYSTEMD_|NOTIFY_SOCKET$|LISTEN_|WATCHDOG_|MAINPID$|JOURNAL_STREAM$|DBUS_|XDG_|USER$|LOGNAME$|SUDO_|PWD$|OLDPWD$|VISUAL$|LESS|MORE$|MAN|LANG|LC_|POSIX|GLOBIGNORE$|FPATH$|ZDOTDIR$|INPUTRC$|OPT(?:IND|ARG|ERR)$|UV_|NPM_|OPENSSL_|SSL|CURL_|HTTPS?_|ALL_PROXY$|NO_PROXY$|FTP_|GIT_|SSH_|RSYNC_|GEM_|BUNDLE_|JDK_|CLASSPATH$|TCL|AWK|GAWK|GUILE_|PHP|R_|GCC_|COMPILER_PATH$|MAKE|CC$|DM_|MDADM_|LVM_|MOUNT_|LIBMOUNT_|BLKID_|TMP$|TEMP$)/;

/** Whether a name has the form that the kernel and udev's rules use. */
export const isVariable = (name: string): boolean => /^[A-Z][A-Z0-9_]{0,127}$/.test(name);

/** Whether a variable of this name changes what programs do. No rule may have such a variable passed. */
export const isHeeded = (name: string): boolean => HEEDED_BY_PROGRAMS.test(name) || HEEDED_BY_TOOLS.test(name);

/**
 * Whether the sender of this name to a companion cannot be an agent: no version of the agent has ever sent such a name. PATH is
 * an exception, since earlier agents sent it.
 */
export const isHostile = (name: string): boolean => name !== "PATH" && HEEDED_BY_PROGRAMS.test(name);

/** Bytes, of one value, and of all names and values together. A uevent of the kernel has at most 2048 bytes. */
const LONGEST_VALUE_BYTES = 4096;
export const LARGEST_ENVIRONMENT_BYTES = 16_384;

/** @param listed the names that the rule has passed beside those of the table. */
function isPassedOn(name: string, listed: readonly string[]): boolean {
	if (!isVariable(name) || isHeeded(name)) return false;
	if (OF_ANY_DEVICE.has(name) || listed.includes(name)) return true;
	return DATA.some((known) => (known.endsWith("_") ? name.startsWith(known) : name === known));
}

/**
 * Selects, from variables of any sender, those that a command may have. PATH is always `COMMAND_PATH`. A variable that is too
 * long is left out.
 */
export function selectEnvironment(
	told: Iterable<readonly [name: string, value: string]>,
	listed: readonly string[],
): Environment {
	const environment: Record<string, string> = {};
	let room = LARGEST_ENVIRONMENT_BYTES;
	for (const [name, value] of told) {
		const size = name.length + value.length;
		if (!isPassedOn(name, listed) || value.includes("\0") || value.length > LONGEST_VALUE_BYTES || size > room)
			continue;
		environment[name] = value;
		room -= size;
	}
	return { ...environment, PATH: COMMAND_PATH };
}

/** @param listed the names that the rule has passed beside those of the table. */
export function formatEnvironment(device: PresentDevice, listed: readonly string[] = []): Environment {
	const subsystem = device.properties?.get("SUBSYSTEM");
	// The variables that the companion checks against the rule come first, since the last ones may exceed the size limit.
	const told = new Map([
		["ACTION", device.action ?? "add"],
		["DEVPATH", device.devpath],
		...(subsystem === undefined ? [] : [["SUBSYSTEM", subsystem] as const]),
		...[...(device.properties ?? [])].filter(([name]) => isPassedOn(name, listed)),
	]);
	return selectEnvironment(
		[...told].map(([name, value]) => [name, untilNul(value)] as const),
		listed,
	);
}

/** A variable ends at a NUL, so the rest of a value cannot be passed. */
const untilNul = (bytes: string): string => bytes.replace(/\0.*/s, "");
