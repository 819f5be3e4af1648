// A kernel uevent (lib/kobject_uevent.c's message, Documentation/ABI/testing/sysfs-uevent): `ACTION@DEVPATH`, then KEY=VALUE
// strings, each ended by NUL. Untrusted until parsed; text is read as latin1, which keeps every byte.

export type Uevent = {
	/** add, remove, change, move, online, offline, bind, unbind. */
	readonly action: string;
	readonly devpath: string;
	/** Missing in messages that are not the kernel's own. */
	readonly seqnum: number | undefined;
	readonly subsystem: string | undefined;
	/** Every MODALIAS: an ACPI device can have two. */
	readonly aliases: readonly string[];
};

const SHORTEST = "add@/".length;

/** undefined where the message does not begin as a uevent does, such as udev's own on another group. */
export function parseUevent(message: Buffer): Uevent | undefined {
	if (message.length < SHORTEST) return undefined;
	const text = message.toString("latin1");
	const header = /^([a-z]+)@(\/[^\0]*)\0/.exec(text);
	if (header === null) return undefined;
	let seqnum: number | undefined;
	let subsystem: string | undefined;
	const aliases: string[] = [];
	let start = header[0].length;
	while (start < text.length) {
		const nul = text.indexOf("\0", start);
		const end = nul < 0 ? text.length : nul;
		if (text.startsWith("MODALIAS=", start)) {
			const alias = text.slice(start + 9, end);
			if (alias !== "" && !aliases.includes(alias)) aliases.push(alias);
		} else if (text.startsWith("SEQNUM=", start)) seqnum = parseSeqnum(text.slice(start + 7, end));
		else if (text.startsWith("SUBSYSTEM=", start)) subsystem ??= text.slice(start + 10, end);
		start = end + 1;
	}
	return { action: header[1]!, devpath: header[2]!, seqnum, subsystem, aliases };
}

function parseSeqnum(text: string): number | undefined {
	const seqnum = Number(text);
	return /^[0-9]+$/.test(text) && Number.isSafeInteger(seqnum) ? seqnum : undefined;
}
