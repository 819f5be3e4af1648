// The wildcards of modprobe.d and of module aliases: fnmatch(3) with no flags in the C locale, with glibc's results, where a
// character is a byte. Every part of a pattern but `*` matches exactly one character, so backtracking only ever changes the
// last `*`: the time is at most the product of both lengths, whatever the pattern.
import { REFUSED, takeBracket, UNCLOSED } from "./wildcard-bracket.js";

const STAR = 0x2a;
const QUESTION = 0x3f;
const BACKSLASH = 0x5c;
const OPEN = 0x5b;
const CHARACTERS = 0x10000;
/** Limit on the cache of bracket results, by bracket and character. */
const MOST_ENDS = 0x10000;
const FEW = 64;

/** Whether the whole text matches. `*` and `?` match `/` and a leading dot like anything else. */
export function matchesWildcard(pattern: string, text: string): boolean {
	let at = 0;
	let place = 0;
	let afterStar = REFUSED;
	let retryFrom = 0;
	let tries = 0;
	let ends: Map<number, number> | undefined;
	const literal: boolean[] = [];
	for (;;) {
		if (pattern.charCodeAt(at) === STAR) {
			afterStar = ++at;
			retryFrom = place;
			if (at === pattern.length) return true;
			continue;
		}
		// At the text's end, a later start would leave even fewer characters for the rest of the pattern.
		if (place === text.length) return at === pattern.length;
		const next = at === pattern.length ? REFUSED : take(pattern, at, text.charCodeAt(place), literal, ends);
		if (next !== REFUSED) {
			at = next;
			place++;
		} else {
			if (afterStar === REFUSED) return false;
			at = afterStar;
			place = ++retryFrom;
			// Most texts match or fail after few tries, which need no cache.
			if (++tries > FEW) ends ??= new Map();
		}
	}
}

/** The offset after the part of the pattern at `at` if that part matches this character, else REFUSED. */
function take(
	pattern: string,
	at: number,
	character: number,
	literal: boolean[],
	ends: Map<number, number> | undefined,
): number {
	const part = pattern.charCodeAt(at);
	if (part === BACKSLASH) return pattern.charCodeAt(at + 1) === character ? at + 2 : REFUSED;
	if (part !== OPEN) return part === character || part === QUESTION ? at + 1 : REFUSED;
	if (character === OPEN && literal[at]) return at + 1;
	const known = ends?.get(at * CHARACTERS + character);
	if (known !== undefined) return known;
	const end = takeBracket(pattern, at, character);
	// Without the cache, a long bracket after a `*` would be parsed again and again.
	if (ends !== undefined && ends.size < MOST_ENDS && (end !== UNCLOSED || character !== OPEN))
		ends.set(at * CHARACTERS + character, end === UNCLOSED ? REFUSED : end);
	if (end !== UNCLOSED) return end;
	if (character !== OPEN) return REFUSED;
	// Remembered, since many such brackets after a `*` would each cost a scan of the whole pattern again and again.
	literal[at] = true;
	return at + 1;
}
