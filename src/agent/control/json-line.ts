// A JSON object on a line of its own (RFC 8259): in UTF-8 as it comes, in ASCII as it goes, whatever its reader takes it for. It
// holds text; the value's strings are bytes.
import { bytesOf, mapStrings, textOf } from "../../libkmod/text/byte-strings.js";

export type Fields = Readonly<Record<string, unknown>>;

/** Undefined where the line is anything else. */
export function parseObjectLine(line: Uint8Array | string): Fields | undefined {
	try {
		const text = typeof line === "string" ? line : new TextDecoder("utf-8", { fatal: true }).decode(line);
		const value = mapStrings(JSON.parse(text), bytesOf);
		return isFields(value) ? value : undefined;
	} catch {
		// What they say of it is not the same in every node.
		return undefined;
	}
}

/** With its newline. */
export function formatObjectLine(value: object): string {
	const inAscii = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
	return `${textOf(JSON.stringify(value)).replace(/[\u007f-\uffff]/g, inAscii)}\n`;
}

export const isFields = (value: unknown): value is Fields =>
	typeof value === "object" && value !== null && !Array.isArray(value);
