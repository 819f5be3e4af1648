// What a word on the command line of `explain` stands for: a module, an alias, or devices by their path, node, interface, bus address or
// ids. Pure.

import { isModuleFileName } from "../../libkmod/depmod/module-search.js";
import { listEntries } from "../../libkmod/formats/index-file.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { baseName } from "../../libkmod/text/base-name.js";
import { normaliseModuleName } from "../../libkmod/text/module-name.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Inspection } from "../../ports/inspection.js";
import type { Taken } from "./explanation.js";
import { lookUpReadable } from "./facts.js";
import { findNearestNames } from "./nearest-names.js";
import { listBelow, listStandIns } from "./stand-ins.js";

export type Topic = { readonly taken: Taken } & (
	| { readonly kind: "module"; readonly module: string }
	| { readonly kind: "alias"; readonly alias: string }
	/** At least one device, each with an alias, or without one where no device above or below it stands for it. */
	| { readonly kind: "devices"; readonly devices: readonly PresentDevice[] }
	| { readonly kind: "ids"; readonly ids: Ids }
	| { readonly kind: "unknown"; readonly nearest: readonly string[] }
);

/** Four hexadecimal digits each, in lower case. */
export type Ids = { readonly vendor: string; readonly product: string };

export type Surroundings = {
	readonly knowledge: Knowledge;
	readonly devices: readonly PresentDevice[];
	readonly live: ReadonlySet<string> | undefined;
	readonly inspection: Pick<Inspection, "device" | "deviceOfNode" | "follow"> | undefined;
};

const BUS_WORDS: ReadonlySet<string> = new Set(["usb", "pci"]);
const PCI_ADDRESS = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i;
const USB_ADDRESS = /^(?:usb\d+|\d+-\d+(?:\.\d+)*(?::\d+\.\d+)?)$/;
const IDS = /^([0-9a-f]{4}):([0-9a-f]{4})$/i;

/** Joins `usb 1-1.2`, and `pci 00:1f.2`, which people write as two words. */
export function joinAddresses(words: readonly string[]): readonly string[] {
	const joined: string[] = [];
	for (let at = 0; at < words.length; at++) {
		const [word = "", next = ""] = words.slice(at, at + 2);
		const isBus = BUS_WORDS.has(word) && (PCI_ADDRESS.test(next) || USB_ADDRESS.test(next));
		joined.push(isBus ? `${word} ${next}` : word);
		if (isBus) at++;
	}
	return joined;
}

export function resolveSubject(word: string, around: Surroundings): Topic {
	const address = word.replace(/^(?:usb|pci) /, "");
	if (word.startsWith("/") || word.startsWith("devices/")) return resolvePath(word, around);
	if (PCI_ADDRESS.test(address) || USB_ADDRESS.test(address)) return resolveAddress(word, address, around);
	const [, vendor, product] = IDS.exec(word) ?? [];
	if (vendor !== undefined && product !== undefined) return resolveIds(word, vendor, product);
	return resolveName(word, around);
}

function resolveIds(word: string, vendor: string, product: string): Topic {
	const ids = { vendor: vendor.toLowerCase(), product: product.toLowerCase() };
	return { taken: { word, as: "ids" }, kind: "ids", ids };
}

function resolvePath(word: string, around: Surroundings): Topic {
	const { devices, inspection } = around;
	if (isModuleFileName(word)) return ofModule(word, normaliseModuleName(word), around);
	if (word.startsWith("/dev/")) {
		const devpath = inspection?.deviceOfNode(word);
		const found =
			devpath === undefined
				? devices.filter((device) => isNode(device, word.slice("/dev/".length)))
				: [devices.find((one) => one.devpath === devpath) ?? { devpath, aliases: [] }];
		return found.length > 0 ? ofDevices(word, found, around) : unknown(word, around);
	}
	const path = word.replace(/^\/sys(?=\/)/, "").replace(/^(?=devices\/)/, "/");
	const below = path.replace(/\/+$/, "");
	const devpath = devices.some((one) => one.devpath === below) ? below : (inspection?.follow(below) ?? below);
	const device = devices.find((one) => one.devpath === devpath);
	if (device !== undefined) return ofDevices(word, [device], around);
	if (inspection?.device(devpath) === undefined) return ofPlace(word, below, around) ?? unknown(word, around);
	return ofDevices(word, [{ devpath, aliases: [] }], around);
}

/** Whether a device has the node of this name below /dev, or the numbers of /dev/block/8:0 and /dev/char/1:3. */
function isNode({ properties }: PresentDevice, name: string): boolean {
	const [, kind, major, minor] = /^(block|char)\/(\d+):(\d+)$/.exec(name) ?? [];
	const of = (key: string) => propertyOf(properties, key);
	if (kind === undefined) return of("DEVNAME") === name;
	const isBlock = of("SUBSYSTEM") === "block";
	return of("MAJOR") === major && of("MINOR") === minor && isBlock === (kind === "block");
}

/** A property that cannot be read counts as absent. */
export function propertyOf(properties: PresentDevice["properties"], key: string): string | undefined {
	try {
		return properties?.get(key);
	} catch {
		return undefined;
	}
}

function resolveAddress(word: string, address: string, around: Surroundings): Topic {
	const [, domain, place] = PCI_ADDRESS.exec(address) ?? [];
	const names = place === undefined ? [address] : [`${domain ?? "0000"}:${place}`.toLowerCase()];
	const found = around.devices.filter(({ devpath }) => names.includes(baseName(devpath)));
	const [first] = names;
	const other = around.inspection?.follow(`/bus/${place === undefined ? "usb" : "pci"}/devices/${first}`);
	if (found.length > 0) return ofDevices(word, found, around);
	if (other === undefined) return ofPlace(word, first ?? "", around) ?? unknown(word, around);
	return ofDevices(word, [{ devpath: other, aliases: [] }], around);
}

function resolveName(word: string, around: Surroundings): Topic {
	const { knowledge, devices, live, inspection } = around;
	const module = normaliseModuleName(word);
	const isModule = !word.includes(":") && (isKnown(knowledge, module) || live?.has(module) === true);
	const named = devices.filter((one) => isInterface(one, word));
	const followed = /[/:]/.test(word) ? undefined : inspection?.follow(`/class/net/${word}`);
	const interfaces = named.length > 0 || followed === undefined ? named : [{ devpath: followed, aliases: [] }];
	if (isModule) {
		const remark = `a network interface is named ${word} too: ask for it by /sys/class/net/${word}`;
		return ofModule(word, module, around, interfaces.length > 0 ? remark : undefined);
	}
	if (interfaces.length > 0) return ofDevices(word, interfaces, around);
	const called = devices.filter(({ devpath }) => baseName(devpath) === word);
	if (called.length > 0) return ofDevices(word, called, around);
	const alias: Topic = { taken: { word, as: "alias" }, kind: "alias", alias: word };
	if (lookUpReadable(knowledge, word).length > 0) return alias;
	const place = word.includes("/") ? undefined : ofPlace(word, word, around);
	// A host bridge, pci0000:00, has the form of an alias.
	if (place !== undefined) return place;
	return /^[a-z][a-z0-9_-]*:./.test(word) ? alias : unknown(word, around);
}

function isKnown(knowledge: Knowledge, module: string): boolean {
	return knowledge.file(module) !== undefined || knowledge.isBuiltin(module);
}

function isInterface({ properties }: PresentDevice, word: string): boolean {
	return propertyOf(properties, "INTERFACE") === word && propertyOf(properties, "SUBSYSTEM") !== "queues";
}

function ofModule(word: string, module: string, around: Surroundings, remark?: string): Topic {
	if (!isKnown(around.knowledge, module) && !around.live?.has(module)) return unknown(word, around);
	return { taken: { word, as: "module", ...(remark !== undefined && { remark }) }, kind: "module", module };
}

/** A device without an alias, such as a disk, is explained by the devices that stand for it. */
function ofDevices(word: string, found: readonly PresentDevice[], around: Surroundings): Topic {
	const standing = found.flatMap((device) => listStandIns(device, around));
	const devices = [...new Map(standing.map((device) => [device.devpath, device])).values()];
	const [asked] = found;
	const [first] = devices;
	const remark =
		asked === undefined || first === undefined || first.devpath === asked.devpath
			? undefined
			: `${baseName(asked.devpath)} has no alias: this is about ${describeStandIns(asked.devpath, devices)}`;
	return { taken: { word, as: "device", ...(remark !== undefined && { remark }) }, kind: "devices", devices };
}

function describeStandIns(devpath: string, devices: readonly PresentDevice[]): string {
	if (!devices[0]?.devpath.startsWith(`${devpath}/`)) return "the device above it that has one";
	return devices.length === 1
		? "the device below it that has one"
		: `the ${devices.length} devices below it that have one`;
}

/** A directory of /sys/devices that the walk knows only by the devices below it. @param place its path, or its last name */
function ofPlace(word: string, place: string, around: Pick<Surroundings, "devices">): Topic | undefined {
	const devices = listBelow(place, around.devices);
	if (devices.length === 0) return undefined;
	const remark = `${baseName(place)} has no alias: this is about ${describeStandIns("", devices)}`;
	return { taken: { word, as: "device", remark }, kind: "devices", devices };
}

function unknown(word: string, { knowledge, devices }: Surroundings): Topic {
	const { dependencies, builtins } = knowledge.indexes;
	const modules = [dependencies, builtins].flatMap((index) => Array.from(listEntries(index), ({ key }) => key));
	const interfaces = devices.flatMap(({ properties }) => propertyOf(properties, "INTERFACE") ?? []);
	const names = [...modules, ...interfaces];
	const sought = baseName(word).includes(":") ? word : normaliseModuleName(word);
	return { taken: { word, as: "unknown" }, kind: "unknown", nearest: findNearestNames(sought, names) };
}
