// Lays out text for a terminal: lines that fit its width. Takes text without styles and line ends, and gives the same: styles are
// added afterwards. Pure.

import type { Terminal } from "../../ports/terminal.js";

/** What the layout asks of a terminal. */
type Measured = Pick<Terminal, "measure">;

/**
 * Breaks a text at its blanks into lines of at most `width` columns. A word that is wider is broken behind its slashes, colons and
 * commas, and inside only where it has none.
 * @param hanging columns by which all lines but the first are indented
 */
export function wrapText(text: string, width: number, terminal: Measured, hanging = 0): readonly string[] {
	const lines: string[] = [];
	let line = "";
	const indent = " ".repeat(Math.min(hanging, Math.max(0, width - 1)));
	const roomOf = (): number => width - (lines.length === 0 ? 0 : indent.length);
	const put = (part: string, glue: string): void => {
		const longer = line === "" ? part : line + glue + part;
		if (terminal.measure(longer) <= roomOf()) line = longer;
		else {
			if (line !== "") lines.push(line);
			line = part;
		}
	};
	for (const word of text.split(" ").filter((one) => one !== "")) {
		if (terminal.measure(word) <= width - indent.length) put(word, " ");
		else
			for (const [at, part] of breakWord(word, width - indent.length, terminal).entries())
				put(part, at === 0 ? " " : "");
	}
	if (line !== "") lines.push(line);
	return lines.map((one, at) => (at === 0 ? one : indent + one));
}

/** Parts of a word, each at most `width` columns. */
function breakWord(word: string, width: number, terminal: Measured): readonly string[] {
	return word.split(/(?<=[/:,])/).flatMap((part) => cut(part, width, terminal));
}

function cut(part: string, width: number, terminal: Measured): readonly string[] {
	if (terminal.measure(part) <= width) return [part];
	const parts: string[] = [""];
	for (const character of splitCharacters(part)) {
		const longer = parts.at(-1) + character;
		if (terminal.measure(longer) <= width) parts[parts.length - 1] = longer;
		else parts.push(character);
	}
	return parts.filter((one) => one !== "");
}

/** Shortens a text to `width` columns: "..." takes the place of its middle. */
export function shortenTo(text: string, width: number, terminal: Measured): string {
	if (terminal.measure(text) <= width) return text;
	const characters = splitCharacters(text);
	const room = Math.max(0, width - ELLIPSIS.length);
	const start = takeWithin(characters, Math.ceil(room / 2), terminal);
	const end = takeWithin(characters.reverse(), Math.floor(room / 2), terminal);
	return (start.join("") + ELLIPSIS + end.reverse().join("")).slice(0, room === 0 ? width : undefined);
}

const ELLIPSIS = "...";

/** The first characters that take at most `width` columns together. */
function takeWithin(characters: readonly string[], width: number, terminal: Measured): string[] {
	const taken: string[] = [];
	let columns = 0;
	for (const character of characters) {
		columns += terminal.measure(character);
		if (columns > width) break;
		taken.push(character);
	}
	return taken;
}

/** The characters of a byte string: a sequence of UTF-8 stays whole. */
const splitCharacters = (text: string): string[] => text.match(/[\xc0-\xff][\x80-\xbf]*|./gs) ?? [];

/** Appends blanks up to `width` columns. */
export function padTo(text: string, width: number, terminal: Measured): string {
	return text + " ".repeat(Math.max(0, width - terminal.measure(text)));
}
