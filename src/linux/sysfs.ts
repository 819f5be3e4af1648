// The devices present in /sys/devices and their aliases (Documentation/admin-guide/sysfs-rules.rst, ABI/testing/sysfs-uevent).
// Nothing is written there: writing "add" to `uevent` would make everybody else that listens do their work again.

import { closeSync, type Dirent, openSync, readdirSync, readSync } from "node:fs";
import { refusalFor } from "./refusal.js";

export type PresentDevice = {
	/** Below /sys, as in a uevent: /devices/pci0000:00/0000:00:02.0. */
	readonly devpath: string;
	/** Each alias once: every line of `modalias`, then every MODALIAS of `uevent`. One character is one byte (latin1). */
	readonly aliases: readonly string[];
};

// Every device may have this group of attributes, so that none of its children can bear the name.
const ATTRIBUTES = "power";

// The crowds of every machine, for which no kernel has aliases.
const WITHOUT_ALIASES: ReadonlySet<string> = new Set([
	"/devices/system/memory",
	"/devices/virtual/bdi",
	"/devices/virtual/block",
	"/devices/virtual/tty",
	"/devices/virtual/vc",
]);

// ACPI's names for devices that mostly stand on a bus as well: what the buses ask for is the longer work, and so goes first.
const LAST = "/devices/LNXSYSTM:00";

/** A reason to stop; whatever else a driver or a vanishing device answers concerns that device alone. */
const SHORTAGE: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOMEM"]);

/** The largest page, and so the largest attribute, of any machine. */
const LARGEST_ATTRIBUTE = 65_536;

/**
 * Every device that has an alias, parents before children. Some buses tell it in one of the two files only: MDIO in `uevent`,
 * the CPUs' parent in `modalias`. What vanishes or may not be read is passed over; symbolic links are not followed.
 * @throws {Refusal} where there are no devices at all, or no descriptors or memory are left.
 */
export function* walkDevices(sysfs: string): Generator<PresentDevice> {
	const buffer = Buffer.allocUnsafeSlow(LARGEST_ATTRIBUTE);
	const pending = ["/devices"];
	for (let devpath = pending.pop(); devpath !== undefined; devpath = pending.pop()) {
		const path = sysfs + devpath;
		const aliases: string[] = [];
		const children: string[] = [];
		for (const entry of listDirectory(path, devpath === "/devices")) {
			if (entry.isDirectory()) {
				if (entry.name !== ATTRIBUTES) children.push(`${devpath}/${entry.name}`);
			} else if (entry.name === "modalias" || entry.name === "uevent") {
				if (!entry.isFile()) continue;
				const text = readAttribute(`${path}/${entry.name}`, buffer);
				if (entry.name === "modalias") addLines(text, aliases);
				else addModaliases(text, aliases);
			}
		}
		if (aliases.length > 0) yield { devpath, aliases };
		if (devpath === "/devices" && children.includes(LAST)) pending.push(LAST);
		for (let child = children.pop(); child !== undefined; child = children.pop()) {
			if (child !== LAST && !WITHOUT_ALIASES.has(child)) pending.push(child);
		}
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
