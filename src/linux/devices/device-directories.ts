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
export function listDevices(sysfs: string, options: DirectoryOptions): () => DeviceDirectory | undefined {
	const walk = new DirectoryWalk(sysfs, options);
	return () => walk.next();
}

/** What was found in a directory. */
type Listing = {
	/** The paths of the directories in it, but for that of its power management. */
	readonly children: string[];
	modalias: Dirent | undefined;
	uevent: Dirent | undefined;
	power: boolean;
};

class DirectoryWalk {
	readonly #sysfs: string;
	readonly #options: DirectoryOptions;
	/** The next one is the last. */
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
			// Sorted by name: libuv does so.
			return readdirSync(onDisk(path), { withFileTypes: true, encoding: "latin1" });
		} catch (thrown) {
			if (devpath === ROOT || isShortage(thrown)) throw refusalFor("walk", path, thrown);
			if (!hasLeft(path, thrown)) this.#options.onSkipped?.(devpath, unreadable("its directory", thrown));
			return [];
		}
	}

	/** Has the directories below be listed next. */
	#descend(devpath: string, { children, uevent, power }: Listing): void {
		if (power && (uevent === undefined || existsSync(onDisk(`${this.#sysfs}${devpath}/${POWER}/uevent`)))) {
			children.push(`${devpath}/${POWER}`);
			children.sort();
		}
		if (uevent === undefined && children.length > 0) this.#plain.add(devpath);
		if (devpath === ROOT && children.includes(LAST)) this.#pending.push(LAST);
		for (let child = children.pop(); child !== undefined; child = children.pop())
			if (child !== LAST && !this.#isLeftOut(child)) this.#pending.push(child);
	}

	#isLeftOut(devpath: string): boolean {
		const crowd = WITHOUT_ALIASES.get(devpath);
		return crowd !== undefined && !this.#options.concerns?.(crowd);
	}

	/** A capture may have a link in an attribute's place, of which the device's aliases are not told. */
	#isRead(devpath: string, attribute: Dirent | undefined): boolean {
		if (attribute === undefined || attribute.isFile()) return attribute !== undefined;
		const kind = attribute.isSymbolicLink() ? "a link, as no attribute is" : "no regular file";
		this.#options.onSkipped?.(devpath, new Error(`its ${attribute.name} cannot be read: it is ${kind}`));
		return false;
	}

	/**
	 * Devices of a class stand in a directory of its name, which is no device. The kernel gives them no alias, but for input and
	 * dmi, of which it has a `modalias` too: then nothing in `uevent` is asked for.
	 */
	#isOfOtherClass(devpath: string): boolean {
		const place = dirname(devpath);
		const name = basename(place);
		if (!this.#plain.has(place) || this.#options.concerns?.(name)) return false;
		return name === POWER_SUPPLIES || isLinkTo(`${this.#sysfs}${devpath}/subsystem`, `/class/${name}`);
	}
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
