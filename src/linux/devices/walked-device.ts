// A device of a walk, out of what its two attributes say (ABI/testing/sysfs-uevent).

import { readlinkSync } from "node:fs";
import { basename } from "node:path";
import { type Properties, parseProperties } from "../../libkmod/formats/properties.js";
import type { PresentDevice } from "../../ports/devices.js";
import { onDisk } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";

/** A device of a walk, whose strings have one character a byte. Its subsystem, which is a link, is read when it is asked for. */
export type WalkedDevice = PresentDevice & { readonly properties: Properties };

/** The texts of a device's attributes, one character a byte; undefined where there is none. An error is why it could not be read. */
export type DeviceTexts = { modalias?: string | Error | undefined; uevent?: string | Error | undefined };

/**
 * undefined where nobody asks after it.
 * @param everything whether devices without an alias matter
 */
export function makeDevice(
	sysfs: string,
	devpath: string,
	{ modalias, uevent }: DeviceTexts,
	everything: boolean,
): WalkedDevice | undefined {
	/** In order. An attribute may have ten thousands of them. */
	const found = new Set<string>();
	if (typeof modalias === "string") addLines(modalias, found);
	if (typeof uevent === "string") addModaliases(uevent, found);
	const aliases = [...found];
	if (aliases.length === 0 && !(everything && typeof uevent === "string")) return undefined;
	return { devpath, aliases, properties: new WalkedProperties(devpath, `${sysfs}${devpath}/subsystem`, uevent ?? "") };
}

/** As it is announced. */
export function makeModule(name: string): WalkedDevice {
	const devpath = `/module/${name}`;
	return { devpath, aliases: [], properties: new Map(Object.entries({ ...told(devpath), SUBSYSTEM: "module" })) };
}

/** As if it had just come up. */
const told = (devpath: string) => ({ ACTION: "add", DEVPATH: devpath });

class WalkedProperties implements Properties {
	readonly #devpath: string;
	readonly #link: string;
	readonly #uevent: Properties | Error;
	#subsystem: string | undefined;

	/** @param link the path of a link to the subsystem, where there is one. @param uevent the file's text. */
	constructor(devpath: string, link: string, uevent: string | Error) {
		this.#devpath = devpath;
		this.#link = link;
		this.#uevent = typeof uevent === "string" ? parseProperties(`\n${uevent}`, "\n") : uevent;
	}

	/** @throws why what is asked for cannot be read: a rule that asks is not to take it for absent. */
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

/** Keys that the file of a device does not have. */
const OWN: ReadonlySet<string> = new Set(["ACTION", "DEVPATH", "SUBSYSTEM"]);

/** It has left, is of no subsystem, or has an attribute of this name. */
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
