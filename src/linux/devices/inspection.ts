// The port Inspection: what /sys shows of a device and of a live module, by its links and a few attributes
// (Documentation/admin-guide/sysfs-rules.rst, ABI/testing/sysfs-devices-*). All is read synchronously: no driver answers for any of
// these attributes, so that no read waits for hardware. Nothing throws: an attribute that cannot be read counts as absent.

import { lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { attributeWord } from "../../libkmod/formats/attribute.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { DeviceState, DriverState, Inspection } from "../../ports/inspection.js";
import { readBounded } from "../files/bounded-read.js";
import { readEntries } from "../files/directory-entries.js";
import { onDisk } from "../files/disk-path.js";
import { findWithin } from "../files/root-directory.js";
import { readKernelLog } from "./kernel-log.js";

/**
 * @param sysfs the path of a sysfs such as /sys, `root` included. No link leads out of it.
 * @param root the directory that is the root of another machine, or "". Its kernel's log is `root`/dev/kmsg.
 */
export function openInspection(sysfs: string, root = ""): Inspection {
	const tree = new SysfsTree(sysfs, root);
	return {
		device: (devpath) => inspectDevice(tree, devpath),
		driversOf: (module) => inspectDrivers(tree, module),
		follow: (path) => tree.device(path),
		deviceOfNode(path) {
			const number = attempt(() => readNumber(root === "" ? path : findWithin(root, path)));
			return number === undefined ? undefined : tree.device(number);
		},
		nodeName: (path) => attempt(() => nameOfNode(root, path)),
		kernelLog: () => readKernelLog(`${root}/dev/kmsg`, root),
	};
}

/** A sysfs: all paths are below it and begin with "/". */
class SysfsTree {
	readonly #sysfs: string;
	readonly #root: string;
	/** `sysfs` when its own links are resolved. */
	readonly #place: string | undefined;

	constructor(sysfs: string, root: string) {
		this.#sysfs = sysfs.replace(/\/+$/, "");
		// Without a root, links are resolved as if the sysfs were the root of a machine: links in a sysfs are relative.
		this.#root = root === "" ? this.#sysfs : root;
		this.#place = attempt(() => findWithin(this.#root, this.#sysfs));
	}

	/** The path below the sysfs that a path leads to when all links are resolved. Undefined when it leads out of the sysfs. */
	resolve(path: string): string | undefined {
		const place = attempt(() => findWithin(this.#root, this.#sysfs + path));
		const above = `${this.#place}/`;
		return this.#place !== undefined && place?.startsWith(above) ? place.slice(above.length - 1) : undefined;
	}

	/** The devpath of the device that a path leads to. A directory below /devices is a device when it has one of these files. */
	device(path: string): string | undefined {
		const found = this.resolve(path);
		if (!found?.startsWith("/devices/")) return undefined;
		return ["uevent", "modalias", "subsystem"].some((name) => this.#isThere(`${found}/${name}`)) ? found : undefined;
	}

	/** The target of a link as its text has it: the last names of a link in sysfs tell all, even where the target is not there. */
	link(path: string): string | undefined {
		return this.#read(dirname(path), (place) => readlinkSync(onDisk(`${place}/${basename(path)}`), "latin1"));
	}

	/** The last name in the target of a link. */
	linkName(path: string): string | undefined {
		return basename(this.link(path) ?? "") || undefined;
	}

	attribute(path: string): string | undefined {
		return this.#read(path, (place) => attributeWord(readBounded(place, bounds.attribute)));
	}

	/** The names in a directory, sorted. Empty when there is none. */
	names(path: string): readonly string[] {
		return (this.#read(path, (place) => readEntries(place)) ?? []).map(({ name }) => name).sort();
	}

	#isThere(path: string): boolean {
		return this.#read(path, (place) => lstatSync(onDisk(place), { throwIfNoEntry: false })) !== undefined;
	}

	#read<T>(path: string, read: (place: string) => T): T | undefined {
		const found = this.resolve(path);
		return found === undefined ? undefined : attempt(() => read(`${this.#place}${found}`));
	}
}

function inspectDevice(tree: SysfsTree, named: string): DeviceState | undefined {
	const devpath = tree.device(named);
	if (devpath === undefined) return undefined;
	const names = tree.names(devpath);
	// What the directory does not list is not looked for: each such look costs an exception.
	const has = (name: string): boolean => names.includes(name);
	const subsystem = (has("subsystem") && tree.link(`${devpath}/subsystem`)) || "";
	const physicalNode = findPhysicalNode(tree, devpath, names);
	const waiting = has("waiting_for_supplier") ? tree.attribute(`${devpath}/waiting_for_supplier`) : undefined;
	const driver = has("driver") ? tree.linkName(`${devpath}/driver`) : undefined;
	return {
		devpath,
		subsystem: basename(subsystem) || undefined,
		onBus: basename(dirname(subsystem)) === "bus",
		driver,
		driverModule: driver === undefined ? undefined : tree.linkName(`${devpath}/driver/module`),
		physicalNode,
		physicalDriver: physicalNode === undefined ? undefined : tree.linkName(`${physicalNode}/driver`),
		driverOverride: has("driver_override") ? readOverride(tree, devpath) : undefined,
		waitingForSupplier: waiting === "1" ? true : waiting === "0" ? false : undefined,
		suppliers: names.filter((name) => name.startsWith("supplier:")).flatMap(readSupplier(tree, devpath)),
	};
}

/** ACPI may describe several devices by one: physical_node, physical_node1, ... The first that has a driver is the one told. */
function findPhysicalNode(tree: SysfsTree, devpath: string, names: readonly string[]): string | undefined {
	const nodes = names
		.filter((name) => /^physical_node[0-9]*$/.test(name))
		.map((name) => tree.device(`${devpath}/${name}`))
		.filter((node) => node !== undefined);
	return nodes.find((node) => tree.link(`${node}/driver`) !== undefined) ?? nodes[0];
}

function readOverride(tree: SysfsTree, devpath: string): string | undefined {
	const name = tree.attribute(`${devpath}/driver_override`);
	// The kernel prints a null pointer, which is the value of an override that was never set, by its own name for it.
	return name === "" || name === "(null)" ? undefined : name;
}

/** `supplier:BUS:NAME` leads to the link between two devices, which is a device itself and has a link `supplier`. */
function readSupplier(tree: SysfsTree, devpath: string): (name: string) => DeviceState["suppliers"] {
	return (name) => {
		const supplier = tree.device(`${devpath}/${name}/supplier`);
		return supplier === undefined ? [] : [{ devpath: supplier, driver: tree.linkName(`${supplier}/driver`) }];
	};
}

function inspectDrivers(tree: SysfsTree, module: string): readonly DriverState[] {
	if (module.includes("/") || module === "." || module === "..") return [];
	const directory = `/module/${module}/drivers`;
	return tree.names(directory).flatMap((link) => {
		const driver = tree.resolve(`${directory}/${link}`);
		const [, bus, name] = /^\/bus\/([^/]+)\/drivers\/([^/]+)$/.exec(driver ?? "") ?? [];
		if (driver === undefined || bus === undefined || name === undefined) return [];
		const bound = tree.names(driver).map((device) => tree.device(`${driver}/${device}`));
		return [{ bus, name, devices: bound.filter((device) => device !== undefined) }];
	});
}

/** @throws {Refusal} or node's error where the path leads to nothing */
function nameOfNode(root: string, path: string): string {
	if (root === "") return basename(realpathSync.native(onDisk(path), "buffer").toString("latin1"));
	const found = findWithin(root, root + path);
	lstatSync(onDisk(found));
	return basename(found);
}

/** The path below /sys of the device with a node's numbers. Undefined for a file that is no node. */
function readNumber(path: string): string | undefined {
	const stat = statSync(onDisk(path), { bigint: true });
	const kind = stat.isBlockDevice() ? "block" : stat.isCharacterDevice() ? "char" : undefined;
	if (kind === undefined) return undefined;
	// The C library's device numbers: the major in the bits 8 to 19 and 44 to 63, the minor in 0 to 7 and 20 to 43 (makedev(3)).
	const major = ((stat.rdev >> 8n) & 0xfffn) | ((stat.rdev >> 32n) & 0xfffff000n);
	const minor = (stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xffffff00n);
	return `/dev/${kind}/${major}:${minor}`;
}

/** Undefined in place of an error: the file is gone, or may not be read. */
function attempt<T>(look: () => T): T | undefined {
	try {
		return look();
	} catch {
		return undefined;
	}
}
