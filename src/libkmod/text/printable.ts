// Text with names from outside in it, for people: nothing in it steers a terminal (ECMA-48), reorders a line (Unicode's annex 9), or
// passes for another line. Byte strings, as byte-strings.ts has them: what is UTF-8 and can be seen stays as it is. Pure.

import { bytesOf, STEERING_SEQUENCE, UTF8_SEQUENCE } from "./byte-strings.js";

/** One line: control characters, what reorders text, and bytes that are no UTF-8 as \xNN, byte by byte. */
export function printable(text: string): string {
	if (/^[\x20-\x7e]*$/.test(text)) return text;
	return asBytes(text).replace(UNSAFE, (found, seen?: string) => seen ?? escapeBytes(found));
}

/** The same of whole text, whose ends of lines and tabs stay. */
export function printableLines(text: string): string {
	if (/^[\t\n\x20-\x7e]*$/.test(text)) return text;
	const isKept = (found: string) => found === "\n" || found === "\t";
	return asBytes(text).replace(UNSAFE, (found, seen?: string) => seen ?? (isKept(found) ? found : escapeBytes(found)));
}

/** Some of what other programs say is text, of which a character is no byte: written as one it would be any. */
function asBytes(text: string): string {
	return text.replace(/(?:[\ud800-\udbff][\udc00-\udfff]|[\u0100-\uffff])+/g, bytesOf);
}

/** C0 and DEL; what steers beyond ASCII. Then, as a group, what is seen: any other sequence of UTF-8. Then a byte that belongs to none. */
const UNSAFE = new RegExp(`[\\0-\\x1f\\x7f]|${STEERING_SEQUENCE}|(${UTF8_SEQUENCE})|[\\x80-\\xff]`, "g");

function escapeBytes(found: string): string {
	let escaped = "";
	for (let at = 0; at < found.length; at++) escaped += `\\x${found.charCodeAt(at).toString(16).padStart(2, "0")}`;
	return escaped;
}
