// Makes text with names from outside safe to print: nothing in it controls a terminal (ECMA-48), reorders a line (Unicode's
// annex 9), or starts another line. Takes and returns byte strings (byte-strings.ts): visible characters in UTF-8 stay as they
// are. Pure.

import { bytesOf, STEERING_SEQUENCE, UTF8_SEQUENCE } from "./byte-strings.js";

/** Escapes one line: control characters, characters that reorder text, and invalid UTF-8 become \xNN, byte by byte. */
export function printable(text: string): string {
	if (/^[\x20-\x7e]*$/.test(text)) return text;
	return asBytes(text).replace(UNSAFE, (found, seen?: string) => seen ?? escapeBytes(found));
}

/** Escapes text of several lines: line ends and tabs stay. */
export function printableLines(text: string): string {
	if (/^[\t\n\x20-\x7e]*$/.test(text)) return text;
	const isKept = (found: string) => found === "\n" || found === "\t";
	return asBytes(text).replace(UNSAFE, (found, seen?: string) => seen ?? (isKept(found) ? found : escapeBytes(found)));
}

/**
 * Escapes text of several lines that this program has styled: line ends and sequences that set colours (SGR of ECMA-48) stay.
 * Names from outside must have gone through printable() before they were styled, since a colour in them stays too.
 */
export function printableStyled(text: string): string {
	return text
		.split(STYLE)
		.map((part, at) => (at % 2 === 1 ? part : printableLines(part)))
		.join("");
}

const ESCAPE = "\x1b";
/** With the group, split() keeps the sequences: each second part is one. */
const STYLE = new RegExp(`(${ESCAPE}\\[[\\d;]*m)`);

/**
 * Converts text in the string to bytes. Some messages of other programs are text, whose characters are not bytes and could not
 * be written as single bytes.
 */
function asBytes(text: string): string {
	return text.replace(/(?:[\ud800-\udbff][\udc00-\udfff]|[\u0100-\uffff])+/g, bytesOf);
}

/**
 * Alternatives, in order: C0 and DEL; control sequences beyond ASCII; as a group, any other, visible UTF-8 sequence; an invalid
 * byte.
 */
const UNSAFE = new RegExp(`[\\0-\\x1f\\x7f]|${STEERING_SEQUENCE}|(${UTF8_SEQUENCE})|[\\x80-\\xff]`, "g");

function escapeBytes(found: string): string {
	let escaped = "";
	for (let at = 0; at < found.length; at++) escaped += `\\x${found.charCodeAt(at).toString(16).padStart(2, "0")}`;
	return escaped;
}
