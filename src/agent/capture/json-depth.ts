// How deep JSON nests, and how many objects and lists are in it, counted before it is parsed: every level and every object takes memory
// of the parser, many times that of its two bytes, and a file of brackets alone would take all there is. Pure.

/** A capture has six levels. */
export const MOST_DEPTH = 64;

/** The most objects and lists: four for each device that a capture may have. */
export const MOST_OBJECTS = 2 ** 22;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Why text that is to be parsed as JSON may not be: a sentence about the file. Brackets in strings do not count. Undefined where it may.
 */
export function explainTooMuchJson(text: string): string | undefined {
	let depth = 0;
	let objects = 0;
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		if (code === QUOTE) {
			at = endOfString(text, at);
			if (at < 0) return undefined;
		} else if (code === 0x7b || code === 0x5b) {
			if (++depth > MOST_DEPTH) return `it is nested deeper than ${MOST_DEPTH} levels`;
			if (++objects > MOST_OBJECTS) return `it has more than ${MOST_OBJECTS} objects and lists`;
		} else if (code === 0x7d || code === 0x5d) depth--;
	}
	return undefined;
}

/** The place of the quote that ends a string; -1 when none does. */
function endOfString(text: string, start: number): number {
	for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
		let backslashes = 0;
		while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
		if (backslashes % 2 === 0) return end;
	}
	return -1;
}
