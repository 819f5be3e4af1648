// Makes a device of a walk from the texts of its attributes `modalias` and `uevent` (ABI/testing/sysfs-uevent).

import { readlinkSync } from "node:fs";
import { basename } from "node:path";
import { type Properties, parseProperties } from "../../libkmod/formats/properties.js";
import type { PresentDevice } from "../../ports/devices.js";
import { onDisk } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";

/** A device of a walk. All strings have one character a byte. The subsystem is a link, and is read only when a caller gets it. */
export type WalkedDevice = PresentDevice & { readonly properties: Properties };

/**
 * The texts of a device's attributes, one character a byte. Undefined when there is no attribute, an Error when it could not be
 * read.
 */
export type DeviceTexts = { modalias?: string | Error | undefined; uevent?: string | Error | undefined };

/**
 * Undefined when the device does not matter: it has no alias, and `everything` is false or it has no readable `uevent`.
 * @param everything whether devices without an alias matter
 */
export function makeDevice(
	sysfs: string,
	devpath: string,
	{ modalias, uevent }: DeviceTexts,
	everything: boolean,
): WalkedDevice | undefined {
	/** Each alias once, in order. An attribute may have tens of thousands of lines. */
	const found = new Set<string>();
	if (typeof modalias === "string") addLines(modalias, found);
	if (typeof uevent === "string") addModaliases(uevent, found);
	const aliases = [...found];
	if (aliases.length === 0 && !(everything && typeof uevent === "string")) return undefined;
	return { devpath, aliases, properties: new WalkedProperties(devpath, `${sysfs}${devpath}/subsystem`, uevent ?? "") };
}

/** A module of /sys/module as a device, with the properties that its uevent has. */
export function makeModule(name: string): WalkedDevice {
	const devpath = `/module/${name}`;
	return { devpath, aliases: [], properties: new Map(Object.entries({ ...told(devpath), SUBSYSTEM: "module" })) };
}

/** The properties of a uevent that are not in the file `uevent`, as if the device had just been added. */
const told = (devpath: string) => ({ ACTION: "add", DEVPATH: devpath });

class WalkedProperties implements Properties {
	readonly #devpath: string;
	readonly #link: string;
	readonly #uevent: Properties | Error;
	#subsystem: string | undefined;

	/**
	 * @param link the path of the link to the subsystem, which may not exist.
	 * @param uevent the text of the file, or why it could not be read
	 */
	constructor(devpath: string, link: string, uevent: string | Error) {
		this.#devpath = devpath;
		this.#link = link;
		this.#uevent = typeof uevent === "string" ? parseProperties(`\n${uevent}`, "\n") : uevent;
	}

	/** @throws the error of the read when the property could not be read: a rule must not take such a property for absent */
	get(key: string): string | undefined {
		if (key === "SUBSYSTEM") return this.#readSubsystem() || undefined;
		return key === "ACTION" || key === "DEVPATH" ? told(this.#devpath)[key] : this.#told().get(key);
	}

	*[Symbol.iterator](): Generator<readonly [string, string]> {
		yield* Object.entries(told(this.#devpath));
		const subsystem = this.#readSubsystem();
		if (subsystem !== "") yield ["SUBSYSTEM", subsystem];
		for (const property of this.#told()) if (!OWN.has(property[0])) yield property;
	}

	#told(): Properties {
		if (this.#uevent instanceof Error) throw this.#uevent;
		return this.#uevent;
	}

	#readSubsystem(): string {
		this.#subsystem ??= readLink(this.#link);
		return this.#subsystem;
	}
}

/** Keys that come from the device's path and link: a line of `uevent` with such a key is ignored. */
const OWN: ReadonlySet<string> = new Set(["ACTION", "DEVPATH", "SUBSYSTEM"]);

/** The device was removed, has no subsystem, or has an attribute of the link's name. */
const WITHOUT_LINK: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ENODEV", "EINVAL"]);

function readLink(path: string): string {
	try {
		return basename(readlinkSync(onDisk(path), "latin1"));
	} catch (thrown) {
		if (WITHOUT_LINK.has((thrown as NodeJS.ErrnoException).code)) return "";
		throw refusalFor("read", path, thrown);
	}
}

function addLines(text: string, aliases: Set<string>): void {
	for (const line of text.split("\n")) add(line, aliases);
}

function addModaliases(text: string, aliases: Set<string>): void {
	if (!text.includes("MODALIAS=")) return;
	for (const line of text.split("\n")) if (line.startsWith("MODALIAS=")) add(line.slice("MODALIAS=".length), aliases);
}

function add(alias: string, aliases: Set<string>): void {
	if (alias !== "") aliases.add(alias);
}
