// A bracket expression of fnmatch(3), such as [0-9a-f], [!x] or [[:digit:]], in the C locale, over bytes.

const OPEN = 0x5b;
const CLOSE = 0x5d;
const EXCLAMATION = 0x21;
const CARET = 0x5e;
const DASH = 0x2d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

const classes: Readonly<Record<string, RegExp>> = {
	alpha: /[A-Za-z]/,
	digit: /[0-9]/,
	alnum: /[A-Za-z0-9]/,
	upper: /[A-Z]/,
	lower: /[a-z]/,
	xdigit: /[0-9A-Fa-f]/,
	space: /[ \t\n\v\f\r]/,
	blank: /[ \t]/,
	punct: /[!-/:-@[-`{-~]/,
	print: /[ -~]/,
	graph: /[!-~]/,
	cntrl: /[^ -~\x80-\xff]/,
};

/** Whether the expression in `bytes[start..end)`, from its `[` to its `]`, has this byte as a member. */
export function bracketMatches(bytes: Uint8Array, start: number, end: number, byte: number): boolean {
	let at = start + 1;
	const close = end - 1;
	const negated = bytes[at] === EXCLAMATION || bytes[at] === CARET;
	if (negated) at++;
	let member = false;
	while (at < close) {
		if (bytes[at] === OPEN && bytes[at + 1] === COLON) {
			const name = className(bytes, at + 2, close);
			if (name !== undefined) {
				if (classes[name]?.test(String.fromCharCode(byte))) member = true;
				at += name.length + 4;
				continue;
			}
		}
		if (bytes[at] === BACKSLASH && at + 1 < close) at++;
		const low = bytes[at++]!;
		let high = low;
		if (bytes[at] === DASH && at + 1 < close) {
			at++;
			if (bytes[at] === BACKSLASH && at + 1 < close) at++;
			high = bytes[at++]!;
		}
		if (low <= byte && byte <= high) member = true;
	}
	return member !== negated;
}

function className(bytes: Uint8Array, start: number, close: number): string | undefined {
	for (let at = start; at + 1 < close; at++)
		if (bytes[at] === COLON && bytes[at + 1] === CLOSE) return String.fromCharCode(...bytes.subarray(start, at));
	return undefined;
}
