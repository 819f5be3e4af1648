// A device of a walk over /sys, made from the texts of its attributes `modalias` and `uevent` (ABI/testing/sysfs-uevent).

import { type Properties, parseProperties } from "./properties.js";

/** Directories of many devices that no kernel gives an alias, with the subsystem of these devices. */
export const WITHOUT_ALIASES: ReadonlyMap<string, string> = new Map([
	["/devices/system/memory", "memory"],
	["/devices/virtual/bdi", "bdi"],
	["/devices/virtual/block", "block"],
	["/devices/virtual/tty", "tty"],
	["/devices/virtual/vc", "vc"],
]);

/**
 * The class whose `uevent` queries the hardware for every property: the controller of a battery may take seconds.
 */
export const POWER_SUPPLIES = "power_supply";

/**
 * ACPI's names for devices most of which are on a bus as well. The drivers of the buses take longer to load, so the buses go first.
 */
export const LATE_DEVICES = "/devices/LNXSYSTM:00";

/** A device of a walk. All strings have one character a byte. The subsystem is a link, and is read only when a caller gets it. */
export type WalkedDevice = {
	/** The path below /sys, such as /devices/pci0000:00/0000:00:02.0. */
	readonly devpath: string;
	/** Each alias once: every line of `modalias` and every MODALIAS of `uevent`. */
	readonly aliases: readonly string[];
	readonly properties: Properties;
};

/**
 * The texts of a device's attributes, one character a byte. Undefined when there is no attribute, an Error when it could not be
 * read.
 */
export type DeviceTexts = { modalias?: string | Error | undefined; uevent?: string | Error | undefined };

export type WalkedDeviceOptions = {
	/** Whether devices without an alias matter. */
	readonly everything: boolean;
	/** Reads the last name in the target of the device's link `subsystem`; "" when there is none. May throw. */
	readonly readSubsystem: () => string;
};

/** Undefined when the device does not matter: it has no alias, and `everything` is false or it has no readable `uevent`. */
export function makeWalkedDevice(
	devpath: string,
	{ modalias, uevent }: DeviceTexts,
	{ everything, readSubsystem }: WalkedDeviceOptions,
): WalkedDevice | undefined {
	/** Each alias once, in order. An attribute may have tens of thousands of lines. */
	const found = new Set<string>();
	if (typeof modalias === "string") addLines(modalias, found);
	if (typeof uevent === "string") addModaliases(uevent, found);
	const aliases = [...found];
	if (aliases.length === 0 && !(everything && typeof uevent === "string")) return undefined;
	return { devpath, aliases, properties: new WalkedProperties(devpath, readSubsystem, uevent ?? "") };
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
	readonly #readSubsystem: () => string;
	readonly #uevent: Properties | Error;
	#subsystem: string | undefined;

	/** @param uevent the text of the file, or why it could not be read */
	constructor(devpath: string, readSubsystem: () => string, uevent: string | Error) {
		this.#devpath = devpath;
		this.#readSubsystem = readSubsystem;
		this.#uevent = typeof uevent === "string" ? parseProperties(`\n${uevent}`, "\n") : uevent;
	}

	/** @throws the error of the read when the property could not be read: a rule must not take such a property for absent */
	get(key: string): string | undefined {
		if (key === "SUBSYSTEM") return this.#findSubsystem() || undefined;
		return key === "ACTION" || key === "DEVPATH" ? told(this.#devpath)[key] : this.#told().get(key);
	}

	*[Symbol.iterator](): Generator<readonly [string, string]> {
		yield* Object.entries(told(this.#devpath));
		const subsystem = this.#findSubsystem();
		if (subsystem !== "") yield ["SUBSYSTEM", subsystem];
		for (const property of this.#told()) if (!OWN.has(property[0])) yield property;
	}

	#told(): Properties {
		if (this.#uevent instanceof Error) throw this.#uevent;
		return this.#uevent;
	}

	#findSubsystem(): string {
		this.#subsystem ??= this.#readSubsystem();
		return this.#subsystem;
	}
}

/** Keys that come from the device's path and link: a line of `uevent` with such a key is ignored. */
const OWN: ReadonlySet<string> = new Set(["ACTION", "DEVPATH", "SUBSYSTEM"]);

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
