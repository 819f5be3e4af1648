// Lists the directories of /sys/devices that are devices, parents before children (Documentation/admin-guide/sysfs-rules.rst).
// Symbolic links are not followed. Listing a directory runs no driver code, unlike reading an attribute.

import { type Dirent, existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { LATE_DEVICES, POWER_SUPPLIES, WITHOUT_ALIASES } from "../../libkmod/formats/walked-device.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { onDisk } from "../files/disk-path.js";
import { isShortage, refusalFor } from "../files/refusal.js";

export type DeviceDirectory = {
	readonly devpath: string;
	/** Whether the attribute `modalias` is to be read, and below, `uevent`. */
	readonly modalias: boolean;
	readonly uevent: boolean;
};

export type DirectoryOptions = {
	/** Whether devices of a subsystem matter even without an alias. When absent, only devices with an alias matter. */
	readonly concerns?: ((subsystem: string) => boolean) | undefined;
	readonly onSkipped?: OnSkipped | undefined;
};

// The attribute group `power`, which every device with power management has. A device, an LED for example, may have this name
// too.
const POWER = "power";

const ROOT = "/devices";

/**
 * Returns a function that gives the next directory that is a device, and undefined after the last. A call that throws may be
 * repeated.
 * @throws {Refusal} by "walk" when there are no devices at all, or no file descriptors are left
 */
export function listDevices(sysfs: string, options: DirectoryOptions): () => DeviceDirectory | undefined {
	const walk = new DirectoryWalk(sysfs, options);
	return () => walk.next();
}

type Listing = {
	/** Device paths of the subdirectories, without `power`. */
	readonly children: string[];
	modalias: Dirent | undefined;
	uevent: Dirent | undefined;
	power: boolean;
};

class DirectoryWalk {
	readonly #sysfs: string;
	readonly #options: DirectoryOptions;
	/** A stack of device paths that are still to be listed: the last one is next. */
	readonly #pending = [ROOT];
	/** Directories that are no devices. */
	readonly #plain = new Set<string>();

	constructor(sysfs: string, options: DirectoryOptions) {
		this.#sysfs = sysfs;
		this.#options = options;
	}

	next(): DeviceDirectory | undefined {
		const pending = this.#pending;
		for (let devpath = pending.at(-1); devpath !== undefined; devpath = pending.at(-1)) {
			const listing = this.#list(devpath);
			pending.pop();
			const modalias = this.#isRead(devpath, listing.modalias);
			this.#descend(devpath, listing);
			const isTold = listing.uevent !== undefined && (modalias || !this.#isOfOtherClass(devpath));
			const uevent = isTold && this.#isRead(devpath, listing.uevent);
			if (modalias || uevent) return { devpath, modalias, uevent };
		}
		return undefined;
	}

	#list(devpath: string): Listing {
		const listing: Listing = { children: [], modalias: undefined, uevent: undefined, power: false };
		for (const entry of this.#entries(devpath)) {
			const { name } = entry;
			if (entry.isDirectory()) {
				if (name === POWER) listing.power = true;
				else listing.children.push(`${devpath}/${name}`);
			} else if (name === "modalias") listing.modalias = entry;
			else if (name === "uevent") listing.uevent = entry;
		}
		return listing;
	}

	#entries(devpath: string): readonly Dirent[] {
		const path = this.#sysfs + devpath;
		try {
			if (devpath === ROOT) refuseLink(path);
			// libuv sorts the entries by name.
			return readdirSync(onDisk(path), { withFileTypes: true, encoding: "latin1" });
		} catch (thrown) {
			if (devpath === ROOT || isShortage(thrown)) throw refusalFor("walk", path, thrown);
			if (!hasLeft(path, thrown)) this.#options.onSkipped?.(devpath, unreadable("its directory", thrown));
			return [];
		}
	}

	/** Puts the subdirectories on top of the stack, so that they are listed next. */
	#descend(devpath: string, { children, uevent, power }: Listing): void {
		if (power && (uevent === undefined || existsSync(onDisk(`${this.#sysfs}${devpath}/${POWER}/uevent`)))) {
			children.push(`${devpath}/${POWER}`);
			children.sort();
		}
		if (uevent === undefined && children.length > 0) this.#plain.add(devpath);
		if (devpath === ROOT && children.includes(LATE_DEVICES)) this.#pending.push(LATE_DEVICES);
		for (let child = children.pop(); child !== undefined; child = children.pop())
			if (child !== LATE_DEVICES && !this.#isLeftOut(child)) this.#pending.push(child);
	}

	#isLeftOut(devpath: string): boolean {
		const crowd = WITHOUT_ALIASES.get(devpath);
		return crowd !== undefined && !this.#options.concerns?.(crowd);
	}

	/**
	 * Whether an attribute is to be read. A captured /sys may have a link in its place: the link is reported as skipped, and not
	 * followed.
	 */
	#isRead(devpath: string, attribute: Dirent | undefined): boolean {
		if (attribute === undefined || attribute.isFile()) return attribute !== undefined;
		const kind = attribute.isSymbolicLink() ? "a symbolic link, and no regular file" : "no regular file";
		this.#options.onSkipped?.(devpath, new Error(`its ${attribute.name} cannot be read: it is ${kind}`));
		return false;
	}

	/**
	 * Whether a device is of a class that does not matter. Devices of a class are in a directory with the name of the class, which
	 * is no device itself. The kernel gives them no alias, but for input and dmi, which also have a `modalias`: `uevent` is not
	 * read then.
	 */
	#isOfOtherClass(devpath: string): boolean {
		const place = dirname(devpath);
		const name = basename(place);
		if (!this.#plain.has(place) || this.#options.concerns?.(name)) return false;
		return name === POWER_SUPPLIES || isLinkTo(`${this.#sysfs}${devpath}/subsystem`, `/class/${name}`);
	}
}

/** Refuses a symbolic link: in a captured /sys the link may point to the devices of this machine. @throws {Refusal} ELOOP */
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

/** The names of the modules in /sys/module. The kernel sends uevents for modules as for devices. */
export function listModules(sysfs: string, onSkipped?: OnSkipped): readonly string[] {
	const path = `${sysfs}/module`;
	try {
		refuseLink(path);
		// /sys/module also has regular files, such as `compression`.
		const entries = readdirSync(onDisk(path), { withFileTypes: true, encoding: "latin1" });
		return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
	} catch (thrown) {
		if (isShortage(thrown)) throw refusalFor("walk", path, thrown);
		if (!hasLeft(path, thrown)) onSkipped?.("/module", unreadable("its directory", thrown));
		return [];
	}
}

/**
 * Whether an error means that the device has been removed. open(2) fails with ENOENT for a removed device, even if another has
 * taken its name since. read(2) of an attribute that was open fails with ENODEV. A driver without an answer returns the same
 * codes from read(2), so the path is looked up to tell the two apart.
 */
export function hasLeft(path: string, thrown: unknown): boolean {
	const { code, syscall } = thrown as NodeJS.ErrnoException;
	if (syscall !== "read" && (code === "ENOENT" || code === "ENOTDIR")) return true;
	return (code === "ENOENT" || code === "ENODEV") && !existsSync(onDisk(path));
}

/** An error whose message is one sentence for people. */
export function unreadable(what: string, thrown: unknown): Error {
	const { code, message } = thrown as NodeJS.ErrnoException;
	const why = thrown instanceof Refusal ? thrown.why : (code ?? message);
	return new Error(`${what} cannot be read: ${why}`, { cause: thrown });
}
