// Which files, links and directories of a machine a capture is made of, when an archive holds more. Pure.

import { bounds } from "../../libkmod/kernel/bounds.js";

import { modprobeDirectories } from "../../libkmod/knowledge/configuration.js";
import { modulesLoadDirectories } from "../explaining/modules-load.js";

const POLICY_DIRECTORY = "/etc/hotplugd/rules.d";
const SETTINGS_FILE = "/etc/hotplugd.toml";

/** The directories and the file of configuration. A capture that holds none of such a directory says that the directory lacks. */
export const configurationPlaces: readonly string[] = [
	...[...modprobeDirectories, ...modulesLoadDirectories, POLICY_DIRECTORY, SETTINGS_FILE],
];

/** Files that tell of a kernel or of its rules for modules. */
export const kernelFiles: readonly string[] = [
	...["/proc/cmdline", "/proc/modules", "/proc/crypto", "/proc/sys/kernel/modules_disabled"],
	...["/sys/kernel/security/lockdown", "/sys/module/module/parameters/sig_enforce", "/sys/module/compression"],
	...["/sys/module/firmware_class/parameters/path", "/sys/kernel/debug/devices_deferred"],
];

/** Files that no capture holds. */
export const neverHeld: readonly string[] = ["/boot", "/lib/firmware", "/proc/kallsyms"];

/** Files that are not part of a capture, but tell its release or its architecture. */
const tellingFiles: readonly string[] = [
	...["/proc/version", "/proc/sys/kernel/osrelease", "/proc/sys/kernel/arch", "/sos_commands/kernel/uname_-a"],
];

const singleFiles: ReadonlySet<string> = new Set([...kernelFiles, ...tellingFiles, ...configurationPlaces]);

/** A sosreport has outputs of commands in files named after their words. */
export const UDEV_EXPORT_FILE = /^\/sos_commands\/[^/]+\/udevadm_info_(?:-e|--export-db)$/;

const INDEX = /^\/(?:usr\/)?lib\/modules\/([^/]+)\/(modules\.[a-z.]+)$/;
const DEVICE_FILE =
	/^\/sys\/devices\/.*(?:\/(?:uevent|modalias|driver_override|waiting_for_supplier|dm\/uuid|md\/level)|\/usb\d+\/manufacturer)$/s;
const MODULE_FILE = /^\/sys\/module\/[^/]+\/(?:initstate|refcnt|coresize)$/;
const CONFIGURATION =
	/^\/(?:(?:etc|run|usr\/local\/lib|usr\/lib|lib)\/(?:modprobe|modules-load)\.d\/[^/.][^/]*\.conf|etc\/hotplugd\/rules\.d\/[^/.][^/]*\.toml)$/s;

const DEVICE_LINK =
	/^\/sys\/devices\/.*\/(?:subsystem|driver|supplier|physical_node\d*|supplier:[^/]+|slaves\/[^/]+)$/s;
const BUS_LINK = /^\/sys\/bus\/[^/]+\/(?:devices\/[^/]+|drivers\/[^/]+\/module)$/;
const MODULE_LINK = /^\/sys\/module\/[^/]+\/(?:drivers|holders)\/[^/]+$/;

// A directory in place of a link tells that links were followed.
const DIRECTORY = /^\/sys\/(?:devices(?:\/.*\/subsystem)?|module(?:\/[^/]+)?|bus)$/s;
const places: ReadonlySet<string> = new Set(configurationPlaces);

export function isNeededFile(path: string): boolean {
	return (
		DEVICE_FILE.test(path) ||
		MODULE_FILE.test(path) ||
		singleFiles.has(path) ||
		CONFIGURATION.test(path) ||
		indexOf(path) !== undefined ||
		UDEV_EXPORT_FILE.test(path)
	);
}

/** Links of configuration count as the files that they lead to. */
export const isNeededLink = (path: string): boolean =>
	DEVICE_LINK.test(path) ||
	BUS_LINK.test(path) ||
	MODULE_LINK.test(path) ||
	CONFIGURATION.test(path) ||
	places.has(path);

export const isNeededDirectory = (path: string): boolean => DIRECTORY.test(path) || places.has(path);

/** A capture has the names alone of module files: those that modules.dep names and that are not there. */
export const isModuleFile = (path: string): boolean =>
	/^\/(?:usr\/)?lib\/modules\/[^/]+\/.*\.ko(?:\.(?:gz|xz|zst))?$/s.test(path);

/** The release and the name of a file modules.*, wherever /lib leads. */
export function indexOf(path: string): { readonly release: string; readonly name: string } | undefined {
	const [, release, name] = INDEX.exec(path) ?? [];
	return release === undefined || name === undefined ? undefined : { release, name };
}

/** The most bytes that a file may have. */
export function mostBytesOf(path: string): number {
	if (UDEV_EXPORT_FILE.test(path)) return bounds.log.bytes;
	if (indexOf(path) !== undefined) return bounds.index.bytes;
	if (path.endsWith(".toml")) return bounds.settings.bytes;
	if (CONFIGURATION.test(path) || places.has(path)) return bounds.configuration.bytes;
	if (path.startsWith("/sys/devices/") || path.startsWith("/sys/module/")) return bounds.attribute.bytes;
	return path === "/proc/modules" ? bounds.loadedModules.bytes : bounds.small.bytes;
}
