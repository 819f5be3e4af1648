// The directories of /sys/devices that are devices, parents before children (Documentation/admin-guide/sysfs-rules.rst). Symbolic
// links are not followed. Listing a directory runs no driver's code, unlike reading an attribute.

import { type Dirent, existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { onDisk } from "../files/disk-path.js";
import { isShortage, refusalFor } from "../files/refusal.js";

export type DeviceDirectory = {
	readonly devpath: string;
	/** Which of the two attributes are to be read. */
	readonly modalias: boolean;
	readonly uevent: boolean;
};

export type DirectoryOptions = {
	/** Whether devices without an alias matter, of this subsystem; of none where absent. */
	readonly concerns?: ((subsystem: string) => boolean) | undefined;
	readonly onSkipped?: OnSkipped | undefined;
};

// Every device but those without power management has this group of attributes. A device, an LED say, may have the name too.
const POWER = "power";

// The crowds of every machine, for which no kernel has aliases, with their subsystems.
const WITHOUT_ALIASES: ReadonlyMap<string, string> = new Map([
	["/devices/system/memory", "memory"],
	["/devices/virtual/bdi", "bdi"],
	["/devices/virtual/block", "block"],
	["/devices/virtual/tty", "tty"],
	["/devices/virtual/vc", "vc"],
]);

// A class whose `uevent` asks the hardware for all that it tells, a battery's controller for seconds.
const POWER_SUPPLIES = "power_supply";

// ACPI's names for devices that mostly stand on a bus as well: what the buses ask for is the longer work, and so goes first.
const LAST = "/devices/LNXSYSTM:00";

const ROOT = "/devices";

/**
 * The next directory that is a device, undefined after the last. A call that throws may be repeated.
 * @throws {Refusal} by "walk" where there are no devices at all, or no descriptors are left.
 */
export function listDevices(
	sysfs: string,
	{ concerns, onSkipped }: DirectoryOptions,
): () => DeviceDirectory | undefined {
	const pending = [ROOT];
	/** Directories that are no devices. */
	const plain = new Set<string>();

	const isLeftOut = (devpath: string): boolean => {
		const crowd = WITHOUT_ALIASES.get(devpath);
		return crowd !== undefined && !concerns?.(crowd);
	};

	function list(devpath: string): readonly Dirent[] {
		try {
			if (devpath === ROOT) refuseLink(sysfs + devpath);
			// Sorted by name: libuv does so.
			return readdirSync(onDisk(sysfs + devpath), { withFileTypes: true, encoding: "latin1" });
		} catch (thrown) {
			if (devpath === ROOT || isShortage(thrown)) throw refusalFor("walk", sysfs + devpath, thrown);
			if (!hasLeft(sysfs + devpath, thrown)) onSkipped?.(devpath, unreadable("its directory", thrown));
			return [];
		}
	}

	/**
	 * Devices of a class stand in a directory of its name, which is no device. The kernel gives them no alias, but for input and
	 * dmi, of which it has a `modalias` too: then nothing in `uevent` is asked for.
	 */
	function isOfOtherClass(devpath: string): boolean {
		const place = dirname(devpath);
		const name = basename(place);
		if (!plain.has(place) || concerns?.(name)) return false;
		return name === POWER_SUPPLIES || isLinkTo(`${sysfs}${devpath}/subsystem`, `/class/${name}`);
	}

	/** A capture may have a link in an attribute's place, of which the device's aliases are not told. */
	function isRead(devpath: string, attribute: Dirent | undefined): boolean {
		if (attribute === undefined || attribute.isFile()) return attribute !== undefined;
		const kind = attribute.isSymbolicLink() ? "a link, as no attribute is" : "no regular file";
		onSkipped?.(devpath, new Error(`its ${attribute.name} cannot be read: it is ${kind}`));
		return false;
	}

	function push(children: string[]): void {
		for (let child = children.pop(); child !== undefined; child = children.pop())
			if (child !== LAST && !isLeftOut(child)) pending.push(child);
	}

	return () => {
		for (let devpath = pending.at(-1); devpath !== undefined; devpath = pending.at(-1)) {
			const children: string[] = [];
			let aliases: Dirent | undefined;
			let told: Dirent | undefined;
			let power = false;
			for (const entry of list(devpath)) {
				const { name } = entry;
				if (entry.isDirectory()) {
					if (name === POWER) power = true;
					else children.push(`${devpath}/${name}`);
				} else if (name === "modalias") aliases = entry;
				else if (name === "uevent") told = entry;
			}
			pending.pop();
			const modalias = isRead(devpath, aliases);
			let uevent = told !== undefined;
			if (power && (!uevent || existsSync(onDisk(`${sysfs}${devpath}/${POWER}/uevent`)))) {
				children.push(`${devpath}/${POWER}`);
				children.sort();
			}
			if (!uevent && children.length > 0) plain.add(devpath);
			if (devpath === ROOT && children.includes(LAST)) pending.push(LAST);
			push(children);
			if (uevent && !modalias && isOfOtherClass(devpath)) uevent = false;
			if (uevent) uevent = isRead(devpath, told);
			if (modalias || uevent) return { devpath, modalias, uevent };
		}
		return undefined;
	};
}

/** Of a captured machine, a link may lead to this one's devices. */
function refuseLink(path: string): void {
	if (lstatSync(onDisk(path)).isSymbolicLink()) throw new Refusal({ operation: "walk", subject: path, code: "ELOOP" });
}

function isLinkTo(path: string, end: string): boolean {
	try {
		return readlinkSync(onDisk(path), "latin1").endsWith(end);
	} catch {
		return false;
	}
}

/** Names of the modules in /sys/module, which are announced as devices are. */
export function listModules(sysfs: string, onSkipped?: OnSkipped): readonly string[] {
	const path = `${sysfs}/module`;
	try {
		refuseLink(path);
		// There are files too, such as `compression`.
		const entries = readdirSync(onDisk(path), { withFileTypes: true, encoding: "latin1" });
		return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
	} catch (thrown) {
		if (isShortage(thrown)) throw refusalFor("walk", path, thrown);
		if (!hasLeft(path, thrown)) onSkipped?.("/module", unreadable("its directory", thrown));
		return [];
	}
}

/**
 * What has left says ENOENT when it is opened, whatever has come under its name since, and ENODEV when it was open already; a
 * driver says the same where it has no answer.
 */
export function hasLeft(path: string, thrown: unknown): boolean {
	const { code, syscall } = thrown as NodeJS.ErrnoException;
	if (syscall !== "read" && (code === "ENOENT" || code === "ENOTDIR")) return true;
	return (code === "ENOENT" || code === "ENODEV") && !existsSync(onDisk(path));
}

/** One sentence for people. */
export function unreadable(what: string, thrown: unknown): Error {
	const { code, message } = thrown as NodeJS.ErrnoException;
	const why = thrown instanceof Refusal ? thrown.why : (code ?? message);
	return new Error(`${what} cannot be read: ${why}`, { cause: thrown });
}
