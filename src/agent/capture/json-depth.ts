// How deep JSON nests, counted before it is parsed: every level takes memory of the parser, and a file of brackets alone would take
// all there is. Pure.

/** A capture has six levels. */
export const MOST_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether the text opens more brackets than it closes, by more than MOST_DEPTH, at any place outside its strings. */
export function isTooDeep(text: string): boolean {
	let depth = 0;
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		if (code === QUOTE) {
			at = endOfString(text, at);
			if (at < 0) return false;
		} else if (code === 0x7b || code === 0x5b) {
			if (++depth > MOST_DEPTH) return true;
		} else if (code === 0x7d || code === 0x5d) depth--;
	}
	return false;
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
