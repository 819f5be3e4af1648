// The messages that udev sends to multicast group 2 when its rules for a device have run (systemd's libudev): a header, then
// KEY=VALUE strings, each ended by NUL. Untrusted until parsed; text is read as latin1, which keeps every byte.
//
//	offset  0  "libudev" and NUL
//	        8  magic 0xfeedcafe, in network order as are the hashes
//	       12  size of the header, in the machine's own order as are the next two: at least 40
//	       16  offset of the properties; 20  their length
//	       24  hashes of SUBSYSTEM and DEVTYPE and a bloom filter of the tags, which serve filters in the kernel: not needed here

import { parseProperties } from "../../libkmod/formats/properties.js";
import { parseSeqnum, type Uevent } from "./uevent.js";

/**
 * A uevent as udev's rules left it. udev 252 keeps only the last MODALIAS of a kernel message with two; newer versions keep the
 * second as MODALIAS1: see `restoreAliases`.
 */
export type UdevUevent = Uevent & {
	/** Why the device is to be left alone, so that `aliases` is empty. Undefined when it is not. */
	readonly leftAlone: LeftAlone | undefined;
};

/**
 * - rule: a rule says so, by `ENV{HOTPLUGD}="ignore"`.
 * - failure: udev could not finish the rules, which might have said so. udev itself loads nothing then either.
 */
export type LeftAlone = "rule" | "failure";

/** The aliases of a device, and whether it is to be left alone, by udev's properties. */
export type UdevOpinion = Pick<UdevUevent, "aliases" | "leftAlone">;

const PREFIX = Buffer.from("libudev\0", "latin1");
const MAGIC = 0xfeedcafe;
const SMALLEST_HEADER_BYTES = 40;
const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Returns undefined when the message is not udev's, or is cut short. */
export function parseUdevMessage(message: Buffer): UdevUevent | undefined {
	if (message.length < SMALLEST_HEADER_BYTES || !message.subarray(0, PREFIX.length).equals(PREFIX)) return undefined;
	if (message.readUInt32BE(8) !== MAGIC) return undefined;
	const [header, offset, length] = [readNative(message, 12), readNative(message, 16), readNative(message, 20)];
	if (header < SMALLEST_HEADER_BYTES || offset < SMALLEST_HEADER_BYTES || offset + length > message.length)
		return undefined;
	const properties = parseProperties(`\0${message.toString("latin1", offset, offset + length)}`, "\0");
	const read = (key: string) => properties.get(key);
	const action = read("ACTION") ?? "";
	const devpath = ownText(read("DEVPATH") ?? "");
	if (!/^[a-z]+$/.test(action) || !devpath.startsWith("/")) return undefined;
	return { action, devpath, seqnum: parseSeqnum(read("SEQNUM") ?? ""), ...opinionOf(read), properties };
}

function readNative(message: Buffer, offset: number): number {
	return isLittleEndian ? message.readUInt32LE(offset) : message.readUInt32BE(offset);
}

/** Reads one of udev's properties of a device. The last value of a name counts. */
type ReadProperty = (key: string) => string | undefined;

/** Judges loading by udev's properties of a device, from a message or from udev's database. */
export function opinionOf(read: ReadProperty): UdevOpinion {
	if (read("HOTPLUGD") === "ignore") return { aliases: [], leftAlone: "rule" };
	if (read("UDEV_WORKER_FAILED") === "1") return { aliases: [], leftAlone: "failure" };
	const aliases: string[] = [];
	for (let number = 0; ; number++) {
		const alias = read(number === 0 ? "MODALIAS" : `MODALIAS${number}`);
		if (alias === undefined) return { aliases, leftAlone: undefined };
		if (alias !== "" && !aliases.includes(alias)) aliases.push(ownText(alias));
	}
}

/** Copies the text: a slice would keep the whole message in memory. */
function ownText(slice: string): string {
	return Buffer.from(slice, "latin1").toString("latin1");
}

/**
 * Returns all aliases of a device for which udev may have kept only one of two: the kernel's from /sys, unless a rule changed or
 * removed the aliases that udev has.
 */
export function restoreAliases(fromUdev: readonly string[], fromKernel: readonly string[]): readonly string[] {
	if (fromUdev.length === 0) return fromUdev;
	return fromUdev.every((alias) => fromKernel.includes(alias)) ? fromKernel : fromUdev;
}
