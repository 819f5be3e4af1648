// The environment of a command: what the uevent says, as far as it is data, and a PATH. Pure. One table for the agent, which sends
// no more than this, and for its companion, which takes no more than this from it. Parts of a uevent are a device's own words, and
// in the file `uevent` of /sys a line break in such words begins what looks like another key: so names are allowed, not forbidden.

import type { PresentDevice } from "../../ports/devices.js";
export type Environment = Readonly<Record<string, string>>;

/** Where commands find programs, whoever has them run. */
export const COMMAND_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What the kernel says of any device (lib/kobject_uevent.c, drivers/base/core.c). */
const OF_ANY_DEVICE: ReadonlySet<string> = new Set([
	...["ACTION", "DEVPATH", "SUBSYSTEM", "DEVTYPE", "DEVNAME", "DRIVER", "MODALIAS", "SEQNUM", "MAJOR", "MINOR"],
]);

/** What subsystems and udev's rules say of theirs: an underscore at the end begins a family, all else is one name. */
const DATA: readonly string[] = [
	...["ID_", "OF_", "POWER_SUPPLY_", "HID_", "PCI_", "USB_", "SCSI_", "SDEV_", "MMC_", "SDIO_", "TIFM_", "NVME_"],
	...["RFKILL_", "SERIO_", "SYNTH_", "DISK_", "WMI_"],
	// Of usb, net and block, and of what moved.
	...["PRODUCT", "INTERFACE", "IFINDEX", "BUSNUM", "DEVNUM", "DISKSEQ", "PARTN", "DEVPATH_OLD"],
];

/** By any program: the dynamic linker, the C library, shells, interpreters (ld.so(8), environ(7), bash(1), perlrun(1)). */
const HEEDED_BY_PROGRAMS =
	/^(?:LD_|GCONV_|GLIBC_|MALLOC_|LOCPATH$|NLSPATH$|HOSTALIASES$|LOCALDOMAIN$|RES_|TZ|BASH|SHELLOPTS$|ENV$|IFS$|PS[0-9]$|CDPATH$|PROMPT_|PERL|PYTHON|RUBY|LUA_|NODE_|JAVA_|HOME$|PATH$|SHELL$|EDITOR$|PAGER$|TMPDIR$|TERM)/;

/** By kmod (modprobe(8)), service managers, and other programs that a command may call. */
const HEEDED_BY_TOOLS =
	/^(?:MODPROBE_|KMOD_|HOTPLUGD|UDEV_|SYSTEMD_|NOTIFY_SOCKET$|LISTEN_|WATCHDOG_|MAINPID$|JOURNAL_STREAM$|DBUS_|XDG_|USER$|LOGNAME$|SUDO_|PWD$|OLDPWD$|VISUAL$|LESS|MORE$|MAN|LANG|LC_|POSIX|GLOBIGNORE$|FPATH$|ZDOTDIR$|INPUTRC$|OPT(?:IND|ARG|ERR)$|UV_|NPM_|OPENSSL_|SSL|CURL_|HTTPS?_|ALL_PROXY$|NO_PROXY$|FTP_|GIT_|SSH_|RSYNC_|GEM_|BUNDLE_|JDK_|CLASSPATH$|TCL|AWK|GAWK|GUILE_|PHP|R_|GCC_|COMPILER_PATH$|MAKE|CC$|DM_|MDADM_|LVM_|MOUNT_|LIBMOUNT_|BLKID_|TMP$|TEMP$)/;

/** A name as the kernel and udev's rules give them. */
export const isVariable = (name: string): boolean => /^[A-Z][A-Z0-9_]{0,127}$/.test(name);

/** Whether a variable of this name makes programs do something else than they were written for: nobody may have one passed. */
export const isHeeded = (name: string): boolean => HEEDED_BY_PROGRAMS.test(name) || HEEDED_BY_TOOLS.test(name);

/** Whether whoever sends it to a companion is no agent: none has ever sent it. PATH was sent, when it was the agent's to say. */
export const isHostile = (name: string): boolean => name !== "PATH" && HEEDED_BY_PROGRAMS.test(name);

/** Of one value, and of all names and values together: bytes. A uevent of the kernel's has 2048 bytes. */
const LONGEST_VALUE = 4096;
export const LARGEST_ENVIRONMENT = 16_384;

/** @param listed the names that the rule has passed beside those of the table. */
function isPassedOn(name: string, listed: readonly string[]): boolean {
	if (!isVariable(name) || isHeeded(name)) return false;
	if (OF_ANY_DEVICE.has(name) || listed.includes(name)) return true;
	return DATA.some((known) => (known.endsWith("_") ? name.startsWith(known) : name === known));
}

/** Of what is told, by whomever, what a command may be told; PATH is always our own. What is too long is left out. */
export function selectEnvironment(
	told: Iterable<readonly [name: string, value: string]>,
	listed: readonly string[],
): Environment {
	const environment: Record<string, string> = {};
	let room = LARGEST_ENVIRONMENT;
	for (const [name, value] of told) {
		const size = name.length + value.length;
		if (!isPassedOn(name, listed) || value.includes("\0") || value.length > LONGEST_VALUE || size > room) continue;
		environment[name] = value;
		room -= size;
	}
	return { ...environment, PATH: COMMAND_PATH };
}

/** @param listed the names that the rule has passed beside those of the table. */
export function formatEnvironment(device: PresentDevice, listed: readonly string[] = []): Environment {
	const subsystem = device.properties?.get("SUBSYSTEM");
	// First what the companion holds against the rule: what comes last may find no room.
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

/** Nothing behind a NUL could be handed on. */
const untilNul = (bytes: string): string => bytes.replace(/\0.*/s, "");
