// Text and elements of a picture: text is escaped for XML, measured and cut to a width. Takes byte strings, and gives byte strings
// of ASCII and of visible characters in UTF-8.
import { bytesOf, textOf } from "../../libkmod/text/byte-strings.js";
import { printable } from "../../libkmod/text/printable.js";

/** Escapes a line of text from outside for XML. Control characters, line ends too, become \xNN, as on a terminal. */
export function escapeXml(line: string): string {
	return printable(line)
		.replace(NO_CHARACTER, asHex)
		.replace(/[&<>"']/g, asReference);
}

/** U+FFFE and U+FFFF in UTF-8: XML does not allow them. */
const NO_CHARACTER = /\xef\xbf[\xbe\xbf]/g;

const asHex = (bytes: string): string => [...bytes].map((byte) => `\\x${byte.charCodeAt(0).toString(16)}`).join("");
const asReference = (character: string): string => `&#${character.charCodeAt(0)};`;

/** The width of a character of the monospaced font, as a share of the font's size. */
const CHARACTER = 0.602;

/** The width of text in pixels, in the monospaced font. A character that is not Latin counts twice. */
export function measureText(text: string, size: number): number {
	return [...textOf(printable(text))].reduce((sum, one) => sum + weigh(one), 0) * size * CHARACTER;
}

/** Cuts text at its end, so that it is at most so many pixels wide. */
export function cutText(text: string, size: number, pixels: number): string {
	if (measureText(text, size) <= pixels) return text;
	const most = Math.floor(pixels / (size * CHARACTER)) - 2;
	let kept = "";
	let width = 0;
	for (const one of textOf(printable(text))) {
		width += weigh(one);
		if (width > most) break;
		kept += one;
	}
	return `${bytesOf(kept)}..`;
}

const weigh = (character: string): number => (character <= "\u024f" ? 1 : 2);

export type Attributes = Readonly<Record<string, string | number>>;

/** An element. Numbers are rounded to a tenth of a pixel, and strings are escaped; the content is XML already. */
export function element(name: string, attributes: Attributes, content?: string): string {
	const all = Object.entries(attributes)
		.map(([key, value]) => ` ${key}="${typeof value === "number" ? pixels(value) : escapeXml(value)}"`)
		.join("");
	return content === undefined ? `<${name}${all}/>` : `<${name}${all}>${content}</${name}>`;
}

/** A number as the text of an attribute or a path. */
export const pixels = (number: number): string => String(Math.round(number * 10) / 10);
