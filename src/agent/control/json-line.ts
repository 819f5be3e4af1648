// A JSON object on a line of its own (RFC 8259): read as UTF-8, and written as ASCII, which any reader decodes alike. The line is
// text; strings of the value are bytes.
import { bytesOf, mapStrings, textOf } from "../../libkmod/text/byte-strings.js";

export type Fields = Readonly<Record<string, unknown>>;

/** Returns undefined when the line is not a JSON object. */
export function parseObjectLine(line: Uint8Array | string): Fields | undefined {
	try {
		const text = typeof line === "string" ? line : new TextDecoder("utf-8", { fatal: true }).decode(line);
		const value = mapStrings(JSON.parse(text), bytesOf);
		return isFields(value) ? value : undefined;
	} catch {
		// The message of the error differs between versions of node.
		return undefined;
	}
}

/** Formats the value as a line, with its newline. */
export function formatObjectLine(value: object): string {
	const inAscii = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
	return `${textOf(JSON.stringify(value)).replace(/[\u007f-\uffff]/g, inAscii)}\n`;
}

export const isFields = (value: unknown): value is Fields =>
	typeof value === "object" && value !== null && !Array.isArray(value);
