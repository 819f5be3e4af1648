// Names of PCI and USB devices in words, from the lists pci.ids and usb.ids, where the system has them: tables of lines
// "VVVV  Vendor", "\tDDDD  Device", "\t\tSSSS DDDD  Subsystem", and "C CC  Class", "\tSS  Subclass" (the head of pci.ids). The
// lists are searched as they are, since a table of their forty thousand lines would take longer than the search. Pure: files are
// read by the port.

import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";

/** Each is one character a byte, mostly UTF-8, and undefined where the list does not have it. */
export type HardwareNames = {
	readonly vendor: string | undefined;
	readonly device: string | undefined;
	/** The card's name, and its vendor's, of PCI devices. */
	readonly subsystem: string | undefined;
	readonly subsystemVendor: string | undefined;
	/** The kind of device: the subclass, or else the class. */
	readonly class: string | undefined;
};

/** Finds the names for a modalias "pci:..." or "usb:...". Undefined for any other, and where there is no list. */
export type FindHardwareNames = (modalias: string) => HardwareNames | undefined;

/** Each list is read when a device of its bus is first asked for, and kept. @param root the root directory of a machine, or "" */
export function openHardwareNames(files: Pick<Files, "read">, root = ""): FindHardwareNames {
	const lists = new Map<string, Buffer | undefined>();
	return (modalias) => {
		const ids = parsePci(modalias) ?? parseUsb(modalias);
		if (ids === undefined) return undefined;
		if (!lists.has(ids.list)) lists.set(ids.list, readList(files, root, ids.list));
		const list = lists.get(ids.list);
		return list === undefined ? undefined : namesIn(list, ids);
	};
}

/** One phrase for a device: vendor and device, or else the vendor and the kind, or undefined where nothing is known. */
export function nameHardware({ vendor, device, class: kind }: HardwareNames): string | undefined {
	const words = [vendor, device ?? kind].filter((word) => word !== undefined);
	return words.length === 0 ? undefined : words.join(" ");
}

/** Names a device by its aliases, from the lists of the machine whose root this is: by the first that the lists know. */
export function namingHardware(
	files: Pick<Files, "read">,
	root = "",
): (aliases: readonly string[]) => string | undefined {
	const find = openHardwareNames(files, root);
	return (aliases) => {
		const names = aliases.map(find).find((one) => one !== undefined);
		return names && nameHardware(names);
	};
}

function readList(files: Pick<Files, "read">, root: string, name: string): Buffer | undefined {
	for (const directory of ["/usr/share/misc", "/usr/share/hwdata"]) {
		const list = ifReadable(() => files.read(`${root}${directory}/${name}`, bounds.hardwareNames));
		if (list !== undefined) return list;
	}
	return undefined;
}

type Ids = {
	readonly list: "pci.ids" | "usb.ids";
	readonly vendor: string;
	readonly device: string;
	readonly subsystem?: { readonly vendor: string; readonly device: string };
	readonly class: string;
	readonly subclass: string;
};

// The kernel writes the fields in upper case, and the lists in lower case.
function parsePci(modalias: string): Ids | undefined {
	const match =
		/^pci:v0000([0-9A-F]{4})d0000([0-9A-F]{4})sv0000([0-9A-F]{4})sd0000([0-9A-F]{4})bc([0-9A-F]{2})sc([0-9A-F]{2})i/.exec(
			modalias,
		);
	if (match === null) return undefined;
	const [vendor = "", device = "", subvendor = "", subdevice = "", kind = "", subclass = ""] = match
		.slice(1)
		.map((field) => field.toLowerCase());
	return {
		list: "pci.ids",
		vendor,
		device,
		subsystem: { vendor: subvendor, device: subdevice },
		class: kind,
		subclass,
	};
}

function parseUsb(modalias: string): Ids | undefined {
	const match =
		/^usb:v([0-9A-F]{4})p([0-9A-F]{4})d[0-9A-F]{4}dc[0-9A-F]{2}dsc[0-9A-F]{2}dp[0-9A-F]{2}ic([0-9A-F]{2})isc([0-9A-F]{2})ip/.exec(
			modalias,
		);
	if (match === null) return undefined;
	// The kind of the interface: a device has an alias for each, and most say nothing of the whole device.
	const [vendor = "", device = "", kind = "", subclass = ""] = match.slice(1).map((field) => field.toLowerCase());
	return { list: "usb.ids", vendor, device, class: kind, subclass };
}

function namesIn(list: Buffer, ids: Ids): HardwareNames {
	const vendor = findEntry(list, ids.vendor);
	const device = vendor && findBelow(list, vendor, `\t${ids.device}`);
	const { subsystem } = ids;
	const card = device && subsystem && findBelow(list, device, `\t\t${subsystem.vendor} ${subsystem.device}`);
	const kind = findEntry(list, `C ${ids.class}`);
	const subclass = kind && findBelow(list, kind, `\t${ids.subclass}`);
	return {
		vendor: vendor?.name,
		device: device?.name,
		subsystem: card?.name,
		subsystemVendor: subsystem && (subsystem.vendor === ids.vendor ? vendor : findEntry(list, subsystem.vendor))?.name,
		class: subclass?.name ?? kind?.name,
	};
}

/** @param depth how many tabs the lines of its own entries begin with; `next` is the offset of the line after the entry's own */
type Entry = { readonly name: string; readonly depth: number; readonly next: number };

/** The longest name in bytes that is told; the longest of Debian's lists has 156. */
const LONGEST_NAME = 200;
const NEWLINE = 0x0a;

/** An entry that is not below another. Classes stand at the end of a list, and are looked for from there. */
function findEntry(list: Buffer, key: string): Entry | undefined {
	const line = `${key}  `;
	if (list.subarray(0, line.length).toString("latin1") === line) return entryAt(list, 0, line.length, 1);
	const found = key.startsWith("C ")
		? list.lastIndexOf(`\n${line}`, undefined, "latin1")
		: list.indexOf(`\n${line}`, 0, "latin1");
	return found < 0 ? undefined : entryAt(list, found + 1, line.length, 1);
}

/**
 * An entry that is directly below another: among the lines that follow it and begin with as many tabs as its depth. Comments may be
 * between. The search is for the line itself, since a vendor may have six thousand lines.
 */
function findBelow(list: Buffer, { next, depth }: Entry, key: string): Entry | undefined {
	const found = list.indexOf(`\n${key}  `, next - 1, "latin1");
	if (found < 0 || endsBefore(list, next, found, depth)) return undefined;
	return entryAt(list, found + 1, key.length + 2, depth + 1);
}

/** Whether a line between two offsets belongs to another entry. The text is looked at in pieces, since most entries are short. */
function endsBefore(list: Buffer, next: number, found: number, depth: number): boolean {
	const other = depth === 1 ? /\n[^\t#\n]/ : /\n\t?[^\t#\n]/;
	for (let at = next - 1; at < found; at += PIECE_BYTES)
		if (other.test(list.toString("latin1", at, Math.min(at + PIECE_BYTES + OVERLAP_BYTES, found)))) return true;
	return false;
}

const PIECE_BYTES = 2 ** 16;
/** A line's beginning may be in two pieces. */
const OVERLAP_BYTES = 2;

function entryAt(list: Buffer, at: number, keyLength: number, depth: number): Entry {
	const end = endOf(list, at);
	const name = list.toString("latin1", at + keyLength, Math.min(end, at + keyLength + LONGEST_NAME));
	return { name, depth, next: end + 1 };
}

function endOf(list: Buffer, at: number): number {
	const end = list.indexOf(NEWLINE, at);
	return end < 0 ? list.length : end;
}
