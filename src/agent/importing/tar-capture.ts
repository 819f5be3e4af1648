// A capture of a tar archive of /sys, or of a whole machine's files such as a sosreport. An archiver that was used wrongly leaves an
// archive without what was asked for: such an archive is refused, so that no device is taken for one without an alias. Pure.

import type { Capture, CapturedDevice } from "../capture/capture.js";
import type { IndexPacking } from "../capture/packed-index.js";
import { linkTarget } from "./archive-links.js";
import { findArchiveRoot, plainNames } from "./archive-root.js";
import { type ArchiveTree, readArchiveTree } from "./archive-tree.js";
import { devicesOfArchive, driversOfArchive, namesOfModules } from "./archived-devices.js";
import { filesOfArchive } from "./archived-files.js";
import { indexesOfArchive, kernelOfArchive } from "./archived-kernel.js";
import { neverHeld, UDEV_EXPORT_FILE } from "./needed-paths.js";
import { readTarEntries } from "./tar-entries.js";
import { MOST_IMPORTED_DEVICES, readUdevExport } from "./udev-export.js";
import { UnreadableReport } from "./unreadable-report.js";

/** @throws {UnreadableReport} when the archive is damaged or cut, or does not hold the devices as they were */
export function readTar(bytes: Buffer, pack: IndexPacking): Capture {
	const entries = { [Symbol.iterator]: () => readTarEntries(bytes) };
	const root = findArchiveRoot(plainNames(entries));
	if (root === undefined) throw new UnreadableReport(noDevices);
	const tree = readArchiveTree(entries, root);
	const found = devicesIn(tree);
	const { files, lacks } = filesOfArchive(tree);
	const kernel = { ...found.release, ...kernelOfArchive(tree) };
	const modules = kernel.release === undefined ? undefined : indexesOfArchive(tree, kernel.release, pack);
	const drivers = driversOfArchive(tree);
	return {
		hotplugdCapture: 1,
		by: found.by,
		...kernel,
		masked: false,
		devices: found.devices,
		files,
		...(modules !== undefined && { modules }),
		...(drivers.length > 0 && { drivers }),
		lacks: [
			...found.lacks,
			...lacks,
			...tree.tooLarge,
			...["log", "answers", "mounts"],
			...(["release", "architecture"] as const).filter((field) => kernel[field] === undefined),
			...(modules === undefined ? ["modules"] : [`${modules.directory}/kernel`]),
			...(namesOfModules(tree).length === 0 ? ["drivers"] : []),
			...neverHeld,
		].sort(),
	};
}

type Found = {
	readonly by: string;
	readonly devices: readonly CapturedDevice[];
	readonly release?: { readonly release?: string };
	readonly lacks: readonly string[];
};

const noDevices =
	"it is a tar archive without the devices of /sys/devices: bsdtar and busybox's tar give up at the first link or file of /sys; GNU tar without --sparse takes them, and so does hotplugd-capture";

function devicesIn(tree: ArchiveTree): Found {
	const devices = devicesOfArchive(tree);
	const real = devices.filter(({ devpath }) => devpath.startsWith("/devices/"));
	if (real.length > MOST_IMPORTED_DEVICES)
		throw new UnreadableReport(`it holds more than ${MOST_IMPORTED_DEVICES.toLocaleString("en")} devices`);
	if (real.length === 0) return devicesOfSosreport(tree);
	refuseFollowedLinks(tree);
	if (!real.some(({ uevent, modalias }) => uevent || modalias)) throw new UnreadableReport(emptyAttributes(tree));
	return { by: "tar of /sys", devices, lacks: lackingInSysfs(tree, devices) };
}

/** A sosreport has udevadm's output in place of /sys/devices. */
function devicesOfSosreport(tree: ArchiveTree): Found {
	const [, text] = [...tree.files].find(([path]) => UDEV_EXPORT_FILE.test(path)) ?? [];
	if (text === undefined) throw new UnreadableReport(noDevices);
	const { by, devices, release, lacks = [] } = readUdevExport(text.toString("latin1"));
	const own = lacks.filter((name) => name.startsWith("devices"));
	return { by: `sosreport with ${by}`, devices, ...(release !== undefined && { release: { release } }), lacks: own };
}

function refuseFollowedLinks(tree: ArchiveTree): void {
	const followed = [...tree.directories].find(
		(path) => path.startsWith("/sys/devices/") && path.endsWith("/subsystem"),
	);
	if (followed === undefined) return;
	throw new UnreadableReport(
		"it is a tar archive that was made with links followed (--dereference), so that it does not tell which device has which subsystem and driver: make it without that option",
	);
}

const emptyAttributes = ({ sparse }: ArchiveTree): string =>
	sparse > 0
		? "it is a tar archive whose files of /sys are all empty: with --sparse, tar takes a file of /sys for one hole; make it without that option"
		: "it is a tar archive whose files of /sys are all empty, so that no device in it has an alias: what made it did not read them";

/** Whether all that a walk of /sys would tell is there: an archive may hold /sys/devices alone. */
function lackingInSysfs(tree: ArchiveTree, devices: readonly CapturedDevice[]): readonly string[] {
	const has = (pattern: RegExp): boolean => [...tree.links.keys()].some((path) => pattern.test(path));
	const anyLink = has(/\/subsystem$/s);
	const devpaths = new Set(devices.map(({ devpath }) => `/sys${devpath}`));
	const isIncomplete = [...tree.links].some(
		([path, target]) => /^\/sys\/bus\/[^/]+\/devices\//.test(path) && !devpaths.has(linkTarget(path, target)),
	);
	return [
		...(isIncomplete ? ["devices"] : []),
		...(anyLink
			? []
			: ["devices.subsystem", "devices.onBus", "devices.driver", "devices.physicalNode", "devices.suppliers"]),
		...(anyLink ? [] : ["devices.slaves"]),
		...(tree.directories.has("/sys/bus") || has(/^\/sys\/bus\//) ? [] : ["devices.driverModule"]),
		"devices.dmTargets",
	];
}
