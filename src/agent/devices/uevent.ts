// A kernel uevent (lib/kobject_uevent.c's message, Documentation/ABI/testing/sysfs-uevent): `ACTION@DEVPATH`, then KEY=VALUE
// strings, each ended by NUL. Untrusted until parsed; text is read as latin1, which keeps every byte.
import { type Properties, parseProperties } from "../../libkmod/formats/properties.js";

export type Uevent = {
	/** add, remove, change, move, online, offline, bind, unbind. */
	readonly action: string;
	readonly devpath: string;
	/** Undefined in messages that do not come from the kernel. */
	readonly seqnum: number | undefined;
	/** The values of every MODALIAS, without duplicates: an ACPI device can have two. */
	readonly aliases: readonly string[];
	/** Why udev leaves the device alone. Undefined when udev does not. */
	readonly leftAlone?: "rule" | "failure" | undefined;
	/** All properties of the uevent, for policy. They keep the message in memory. */
	readonly properties?: Properties;
};

/** Returns undefined when the message does not begin as a uevent does, such as udev's own on another group. */
export function parseUevent(message: Buffer): Uevent | undefined {
	const text = message.toString("latin1");
	const header = /^([a-z]+)@\/[^\0]*\0/.exec(text);
	if (header === null) return undefined;
	const [{ length }, action = ""] = header;
	// Strings that outlive the message are decoded anew: a slice would keep the whole message in memory.
	const devpath = message.toString("latin1", action.length + 1, length - 1);
	const aliases: string[] = [];
	// A search for the two keys costs less than parsing all keys, and most messages have neither.
	for (let found = find(text, "MODALIAS", length - 1); found; found = find(text, "MODALIAS", found.end)) {
		const alias = message.toString("latin1", found.start, withoutNewlines(text, found.end));
		if (alias !== "" && !aliases.includes(alias)) aliases.push(alias);
	}
	const number = find(text, "SEQNUM", length - 1);
	return {
		action,
		devpath,
		seqnum: number && parseSeqnum(text.slice(number.start, number.end)),
		aliases,
		properties: parseProperties(text, "\0"),
	};
}

/** Finds the next value of the key behind a NUL, at `from` or later: where the value begins and ends. */
function find(text: string, key: string, from: number): { readonly start: number; readonly end: number } | undefined {
	const nul = text.indexOf(`\0${key}=`, from);
	if (nul < 0) return undefined;
	const start = nul + key.length + 2;
	const end = text.indexOf("\0", start);
	return { start, end: end < 0 ? text.length : end };
}

/** Some buses (cpu, hdaudio) end their alias with a newline, as a line of a file; udev strips it as well. */
function withoutNewlines(text: string, end: number): number {
	let last = end;
	while (text[last - 1] === "\n") last--;
	return last;
}

export function parseSeqnum(text: string): number | undefined {
	const seqnum = Number(text);
	return /^[0-9]+$/.test(text) && Number.isSafeInteger(seqnum) ? seqnum : undefined;
}
