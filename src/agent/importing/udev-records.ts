// The text of `udevadm info --export-db`: records of lines "LETTER: VALUE", which an empty line ends (udevadm(8)). systemd 252 and
// later print more letters than earlier ones; P and E are in all of them. Pure.

import { withoutColours } from "./report-text.js";

export type UdevExportRecord = {
	/** The line P: the path below /sys. */
	readonly devpath: string;
	/** The line U, since systemd 252. */
	readonly subsystem: string | undefined;
	/** The line V, since systemd 252. */
	readonly driver: string | undefined;
	/** The lines E, in order: a key may occur more than once. */
	readonly properties: readonly (readonly [key: string, value: string])[];
};

/**
 * Yields the records of a text, one character a byte. Lines before the first P are passed over, and so are lines of other forms:
 * bug reports have a few words around the text.
 */
export function* parseUdevRecords(text: string): Generator<UdevExportRecord> {
	let record: OpenRecord | undefined;
	for (let line of linesOf(text)) {
		if (line.includes("\x1b")) line = withoutColours(line);
		if (line.endsWith("\r")) line = line.slice(0, -1);
		const value = line.slice(3);
		if (line[1] !== ":" || line[2] !== " ") continue;
		if (line[0] === "P") {
			if (record !== undefined) yield record;
			record = { devpath: value, subsystem: undefined, driver: undefined, properties: [] };
		} else if (record === undefined) continue;
		else if (line[0] === "U") record.subsystem = value;
		else if (line[0] === "V") record.driver = value;
		else if (line[0] === "E") {
			const equals = value.indexOf("=");
			if (equals > 0) record.properties.push([value.slice(0, equals), value.slice(equals + 1)]);
		}
	}
	if (record !== undefined) yield record;
}

type OpenRecord = {
	devpath: string;
	subsystem: string | undefined;
	driver: string | undefined;
	properties: [string, string][];
};

function* linesOf(text: string): Generator<string> {
	for (let at = 0; at < text.length; ) {
		const end = text.indexOf("\n", at);
		yield text.slice(at, end < 0 ? text.length : end);
		at = end < 0 ? text.length : end + 1;
	}
}
