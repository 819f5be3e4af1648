// The devices present in /sys/devices and their aliases (Documentation/admin-guide/sysfs-rules.rst, ABI/testing/sysfs-uevent).
// Nothing is written there: writing "add" to `uevent` would make everybody else that listens do their work again.

import { closeSync, type Dirent, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { basename } from "node:path";
import { type Properties, parseProperties } from "../libkmod/formats/properties.js";
import { refusalFor } from "./refusal.js";

export type PresentDevice = {
	/** Below /sys, as in a uevent: /devices/pci0000:00/0000:00:02.0. */
	readonly devpath: string;
	/** Each alias once: every line of `modalias`, then every MODALIAS of `uevent`. One character is one byte (latin1). */
	readonly aliases: readonly string[];
	/** What its uevent would tell. The subsystem, which is a link, is read when it is asked for. */
	readonly properties: Properties;
};

// Every device may have this group of attributes, so that none of its children can bear the name.
const ATTRIBUTES = "power";

// The crowds of every machine, for which no kernel has aliases, with their subsystems.
const WITHOUT_ALIASES: ReadonlyMap<string, string> = new Map([
	["/devices/system/memory", "memory"],
	["/devices/virtual/bdi", "bdi"],
	["/devices/virtual/block", "block"],
	["/devices/virtual/tty", "tty"],
	["/devices/virtual/vc", "vc"],
]);

// ACPI's names for devices that mostly stand on a bus as well: what the buses ask for is the longer work, and so goes first.
const LAST = "/devices/LNXSYSTM:00";

/** A reason to stop; whatever else a driver or a vanishing device answers concerns that device alone. */
const SHORTAGE: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOMEM"]);

/** The largest page, and so the largest attribute, of any machine. */
const LARGEST_ATTRIBUTE = 65_536;

/**
 * Every device that has an alias, parents before children. With `concerns` also those without, of the subsystems that it says
 * where that saves a look at many; and the kernel's modules, which are announced as devices are, if "module" is one of those.
 * Some buses tell it in one of the two files only: MDIO in `uevent`,
 * the CPUs' parent in `modalias`. What vanishes or may not be read is passed over; symbolic links are not followed.
 * @throws {Refusal} where there are no devices at all, or no descriptors or memory are left.
 */
export function* walkDevices(sysfs: string, concerns?: (subsystem: string) => boolean): Generator<PresentDevice> {
	if (concerns?.("module")) yield* walkModules(sysfs);
	const isLeftOut = (devpath: string): boolean => {
		const crowd = WITHOUT_ALIASES.get(devpath);
		return crowd !== undefined && !concerns?.(crowd);
	};
	const buffer = Buffer.allocUnsafeSlow(LARGEST_ATTRIBUTE);
	const pending = ["/devices"];
	for (let devpath = pending.pop(); devpath !== undefined; devpath = pending.pop()) {
		const path = sysfs + devpath;
		const aliases: string[] = [];
		const children: string[] = [];
		let uevent: string | undefined;
		for (const entry of listDirectory(path, devpath === "/devices")) {
			if (entry.isDirectory()) {
				if (entry.name !== ATTRIBUTES) children.push(`${devpath}/${entry.name}`);
			} else if (entry.name === "modalias" || entry.name === "uevent") {
				if (!entry.isFile()) continue;
				const text = readAttribute(`${path}/${entry.name}`, buffer);
				if (entry.name === "modalias") addLines(text, aliases);
				else {
					uevent = text;
					addModaliases(text, aliases);
				}
			}
		}
		if (aliases.length > 0 || (concerns !== undefined && uevent !== undefined))
			yield { devpath, aliases, properties: new WalkedProperties(devpath, `${path}/subsystem`, uevent ?? "") };
		if (devpath === "/devices" && children.includes(LAST)) pending.push(LAST);
		for (let child = children.pop(); child !== undefined; child = children.pop()) {
			if (child !== LAST && !isLeftOut(child)) pending.push(child);
		}
	}
}

function* walkModules(sysfs: string): Generator<PresentDevice> {
	for (const { name } of listDirectory(`${sysfs}/module`, false)) {
		const devpath = `/module/${name}`;
		yield { devpath, aliases: [], properties: new Map(Object.entries({ ...told(devpath), SUBSYSTEM: "module" })) };
	}
}

/** As if it had just come up. */
const told = (devpath: string) => ({ ACTION: "add", DEVPATH: devpath });

class WalkedProperties implements Properties {
	readonly #devpath: string;
	readonly #link: string;
	readonly #uevent: Properties;
	#subsystem: string | undefined;

	/** @param link the path of a link to the subsystem, where there is one. @param uevent the file's text. */
	constructor(devpath: string, link: string, uevent: string) {
		this.#devpath = devpath;
		this.#link = link;
		this.#uevent = parseProperties(`\n${uevent}`, "\n");
	}

	get(key: string): string | undefined {
		if (key === "SUBSYSTEM") return this.#readSubsystem() || undefined;
		return key === "ACTION" || key === "DEVPATH" ? told(this.#devpath)[key] : this.#uevent.get(key);
	}

	*[Symbol.iterator](): Generator<readonly [string, string]> {
		yield* Object.entries(told(this.#devpath));
		const subsystem = this.#readSubsystem();
		if (subsystem !== "") yield ["SUBSYSTEM", subsystem];
		for (const property of this.#uevent) if (!OWN.has(property[0])) yield property;
	}

	#readSubsystem(): string {
		this.#subsystem ??= readLink(this.#link);
		return this.#subsystem;
	}
}

/** Keys that the file of a device does not have. */
const OWN: ReadonlySet<string> = new Set(["ACTION", "DEVPATH", "SUBSYSTEM"]);

function readLink(path: string): string {
	try {
		return basename(readlinkSync(path, "latin1"));
	} catch {
		// It has left, or is of no subsystem.
		return "";
	}
}

function listDirectory(path: string, isRoot: boolean): readonly Dirent[] {
	try {
		// Sorted by name: libuv does so.
		return readdirSync(path, { withFileTypes: true });
	} catch (thrown) {
		return isRoot ? refuse(path, thrown) : passOver(path, thrown, []);
	}
}

function readAttribute(path: string, buffer: Buffer): string {
	try {
		const fd = openSync(path, "r");
		try {
			return buffer.toString("latin1", 0, readSync(fd, buffer));
		} finally {
			closeSync(fd);
		}
	} catch (thrown) {
		return passOver(path, thrown, "");
	}
}

function passOver<T>(path: string, thrown: unknown, nothing: T): T {
	const { code } = thrown as NodeJS.ErrnoException;
	return code === undefined || SHORTAGE.has(code) ? refuse(path, thrown) : nothing;
}

function refuse(path: string, thrown: unknown): never {
	throw refusalFor("walk", path, thrown);
}

function addLines(text: string, aliases: string[]): void {
	for (const line of text.split("\n")) add(line, aliases);
}

function addModaliases(text: string, aliases: string[]): void {
	if (!text.includes("MODALIAS=")) return;
	for (const line of text.split("\n")) if (line.startsWith("MODALIAS=")) add(line.slice("MODALIAS=".length), aliases);
}

function add(alias: string, aliases: string[]): void {
	if (alias !== "" && !aliases.includes(alias)) aliases.push(alias);
}
