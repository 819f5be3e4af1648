// The bracket expressions of fnmatch(3), such as [0-9a-f], [!x], [[:digit:]_] or [[.-.]]: glibc's results in the C locale, also
// for malformed ones. A bracket that is never closed is no expression: its `[` stands for itself.

/** In place of an offset: the expression does not match the character. */
export const REFUSED = -1;
/** In place of an offset: the bracket is never closed and so stands for itself. */
export const UNCLOSED = -2;

const CLOSE = "]";
const DASH = "-";
const BACKSLASH = "\\";

const classes: ReadonlyMap<string, RegExp> = new Map([
	["alnum", /[0-9A-Za-z]/],
	["alpha", /[A-Za-z]/],
	["blank", /[\t ]/],
	["cntrl", /[^ -~\x80-\uffff]/],
	["digit", /[0-9]/],
	["graph", /[!-~]/],
	["lower", /[a-z]/],
	["print", /[ -~]/],
	["punct", /[!-/:-@[-`{-~]/],
	["space", /[\t-\r ]/],
	["upper", /[A-Z]/],
	["xdigit", /[0-9A-Fa-f]/],
]);

const nothing = /(?!)/;

/** A member of an expression: a character or a class. A member that is `alone` cannot begin a range. */
type Member = { readonly end: number; readonly character: string; readonly class?: RegExp; readonly alone?: boolean };

/**
 * The offset after the expression that opens at `open` if it matches this character, else {@link REFUSED} or {@link UNCLOSED}.
 */
export function takeBracket(pattern: string, open: number, code: number): number {
	const character = String.fromCharCode(code);
	const negated = pattern[open + 1] === "!" || pattern[open + 1] === "^";
	let at = open + (negated ? 2 : 1);
	do {
		if (at >= pattern.length) return UNCLOSED;
		const low = readMember(pattern, at);
		if (low === undefined) return REFUSED;
		const high = startsRange(pattern, low) ? readRangeEnd(pattern, low) : low;
		if (high === undefined) return REFUSED;
		if (has(low, high, character)) {
			const end = findEnd(pattern, high.end);
			return negated && end !== UNCLOSED ? REFUSED : end;
		}
		if (high === low && endsInDash(pattern, low)) return REFUSED;
		at = high.end;
	} while (pattern[at] !== CLOSE);
	return negated ? at + 1 : REFUSED;
}

function has(low: Member, high: Member, character: string): boolean {
	if (low.class !== undefined) return low.class.test(character);
	return low.character <= character && character <= high.character;
}

/** The member at `at`. Undefined when glibc refuses the whole pattern. */
function readMember(pattern: string, at: number): Member | undefined {
	if (pattern[at] === BACKSLASH) return readEscaped(pattern, at);
	const name = readClassName(pattern, at);
	if (name !== undefined) {
		const known = classes.get(name);
		return known && { end: at + name.length + 4, character: "", class: known, alone: true };
	}
	if (pattern.startsWith("[=", at) && pattern.startsWith("=]", at + 3))
		return { end: at + 5, character: pattern[at + 2]!, alone: true };
	if (!pattern.startsWith("[.", at)) return { end: at + 1, character: pattern[at]! };
	const symbol = readSymbol(pattern, at);
	// glibc takes the dash after a collating symbol for a range even when the bracket closes next, and then the symbol matches
	// nothing.
	return symbol && pattern.startsWith("-]", symbol.end) ? { ...symbol, class: nothing } : symbol;
}

function readEscaped(pattern: string, at: number): Member | undefined {
	const character = pattern[at + 1];
	return character === undefined ? undefined : { end: at + 2, character };
}

/** The name in a [:class:], known or not. glibc does not count z among the letters of a name. */
function readClassName(pattern: string, at: number): string | undefined {
	if (!pattern.startsWith("[:", at)) return undefined;
	let end = at + 2;
	while (pattern[end]! >= "a" && pattern[end]! < "z") end++;
	return pattern.startsWith(":]", end) ? pattern.slice(at + 2, end) : undefined;
}

/** The only collating symbols of the C locale are the characters themselves. */
function readSymbol(pattern: string, at: number): Member | undefined {
	const end = pattern.indexOf(".]", at + 2);
	return end === at + 3 ? { end: end + 2, character: pattern[at + 2]! } : undefined;
}

function startsRange(pattern: string, { end, alone }: Member): boolean {
	return !alone && pattern[end] === DASH && end + 1 < pattern.length && pattern[end + 1] !== CLOSE;
}

function endsInDash(pattern: string, { end, alone }: Member): boolean {
	return !alone && pattern[end] === DASH && end + 1 === pattern.length;
}

function readRangeEnd(pattern: string, { end }: Member): Member | undefined {
	const at = end + 1;
	if (pattern[at] === BACKSLASH) return readEscaped(pattern, at);
	if (pattern.startsWith("[.", at)) return readSymbol(pattern, at);
	return { end: at + 1, character: pattern[at]! };
}

/** The end of the expression. Once a member has matched, the other members are only skipped. */
function findEnd(pattern: string, start: number): number {
	let at = start;
	while (pattern[at] !== CLOSE) {
		if (at >= pattern.length) return UNCLOSED;
		at = skipMember(pattern, at);
		if (at === REFUSED) return REFUSED;
	}
	return at + 1;
}

function skipMember(pattern: string, at: number): number {
	if (pattern[at] === BACKSLASH) return at + 1 < pattern.length ? at + 2 : REFUSED;
	const name = readClassName(pattern, at);
	if (name !== undefined) return at + name.length + 4;
	if (pattern.startsWith("[=", at)) return pattern.startsWith("=]", at + 3) ? at + 5 : REFUSED;
	if (!pattern.startsWith("[.", at)) return at + 1;
	const end = pattern.indexOf(".]", at + 2);
	return end === -1 ? REFUSED : end + 2;
}
