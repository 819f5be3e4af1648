// Text with names from outside in it, for people: nothing in it steers a terminal (ECMA-48), reorders a line (Unicode's annex 9), or
// passes for another line. Byte strings, as byte-strings.ts has them: what is UTF-8 and can be seen stays as it is. Pure.

import { bytesOf } from "./byte-strings.js";

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

/**
 * C0 and DEL; C1, and in UTF-8 too; U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. Then, as
 * a group, what is seen: any other sequence of UTF-8. Then a byte that belongs to none.
 */
const UNSAFE =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
	/[\0-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])|([\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})|[\x80-\xff]/g;

function escapeBytes(found: string): string {
	let escaped = "";
	for (let at = 0; at < found.length; at++) escaped += `\\x${found.charCodeAt(at).toString(16).padStart(2, "0")}`;
	return escaped;
}
