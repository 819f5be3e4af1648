// Byte strings: data from outside (files, arguments, environment, kernel, file names) is held one character a byte, U+0000 to
// U+00FF (latin1), and is written as the same bytes. Only the strings given to JavaScript or JSON are text: UTF-8, where an
// invalid byte becomes a lone surrogate, U+DC80 to U+DCFF (PEP 383), so that it converts back to the same byte.

const ASCII_ALONE = /^[\0-\x7f]*$/;

/** Whether a string is ASCII, so that it is the same as text and as bytes. */
export const isAscii = (either: string): boolean => ASCII_ALONE.test(either);

/**
 * Trims ASCII white space at both ends. JavaScript's own trim() and \s also match U+00A0, which as a byte is part of letters.
 */
export function trimBlanks(bytes: string): string {
	let start = 0;
	let end = bytes.length;
	while (start < end && isBlank(bytes.charCodeAt(start))) start++;
	while (end > start && isBlank(bytes.charCodeAt(end - 1))) end--;
	return bytes.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** Orders strings by their bytes, as strcmp(3) does. */
export const compareBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Encodes text as UTF-8 bytes. A lone surrogate from textOf becomes its original byte; any other becomes the three bytes of
 * U+FFFD.
 */
export function bytesOf(text: string): string {
	if (isAscii(text)) return text;
	if (!/[\udc80-\udcff]/u.test(text)) return encode(text);
	return text.replace(/[\udc80-\udcff]|[^\udc80-\udcff]+/gu, (part) =>
		/^[\udc80-\udcff]$/u.test(part) ? String.fromCharCode(part.charCodeAt(0) & 0xff) : encode(part),
	);
}

/** Decodes bytes as UTF-8 text. Each byte of an invalid sequence becomes a lone surrogate. */
export function textOf(bytes: string): string {
	if (isAscii(bytes)) return bytes;
	return bytes.replace(SEQUENCES, (sequence) => (sequence.length === 1 ? standIn(sequence) : decode(sequence)));
}

/** Whether the bytes are valid UTF-8. */
export const isUtf8 = (bytes: string): boolean => isAscii(bytes) || !/[\udc80-\udcff]/u.test(textOf(bytes));

/** Formats a value whose strings are bytes as JSON: bytes in UTF-8. */
export const formatJson = (value: unknown): string => asUtf8Json(JSON.stringify(value));

/**
 * Converts JSON of byte strings to UTF-8 JSON: invalid bytes become `\udcXX`, and characters that control a terminal become
 * `\uXXXX`.
 */
export function asUtf8Json(json: string): string {
	const safe = json.includes("\x7f") ? json.replaceAll("\x7f", "\\u007f") : json;
	if (isAscii(safe)) return safe;
	return safe.replace(SEQUENCES, (sequence) =>
		sequence.length === 1
			? escaped(sequence)
			: sequence.replace(STEERING, (one) => asEscape(decode(one).charCodeAt(0))),
	);
}

/** Copies a value of JSON, TOML and the like, and applies `convert` to each string in it, names of fields included. */
export function mapStrings(value: unknown, convert: (string: string) => string): unknown {
	const mapped: unknown[] = [];
	// A stack in place of recursion: untrusted text determines how deep the values nest.
	const due: Mapping[] = [{ from: value, into: mapped, name: 0 }];
	for (let next = due.pop(); next !== undefined; next = due.pop()) {
		const { from, into, name } = next;
		const made = makeContainer(from) ?? (typeof from === "string" ? convert(from) : from);
		// As in a JSON object, "__proto__" is a name like any other.
		Object.defineProperty(into, name, { value: made, writable: true, enumerable: true, configurable: true });
		if (made === from || typeof from !== "object" || from === null) continue;
		const names = Array.isArray(from) ? (key: string) => key : convert;
		for (const [key, item] of Object.entries(from).reverse())
			due.push({ from: item, into: made as object, name: names(key) });
	}
	return mapped[0];
}

type Mapping = { readonly from: unknown; readonly into: object; readonly name: string | number };

/** An empty container for an array or a plain object. Undefined for any other value. */
function makeContainer(value: unknown): object | undefined {
	if (typeof value !== "object" || value === null) return undefined;
	if (Array.isArray(value)) return [];
	return isPlain(value) ? {} : undefined;
}

/** An instance of a class, such as a Date, is no container of strings. */
function isPlain(value: object): boolean {
	const prototype: unknown = Object.getPrototypeOf(value);
	return prototype === Object.prototype || prototype === null;
}

/** The source of a regular expression for one UTF-8 sequence beyond ASCII, by Unicode's table 3-7. */
export const UTF8_SEQUENCE = String.raw`[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}`;

/**
 * The same for the sequences that control a terminal or the order of text: C1, and characters that reorder or end a line,
 * U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069.
 */
export const STEERING_SEQUENCE = String.raw`\xc2[\x80-\x9f]|\xd8\x9c|\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])`;

/** A run of valid sequences, or one invalid byte. */
const SEQUENCES = new RegExp(`(?:${UTF8_SEQUENCE})+|[\\x80-\\xff]`, "g");
/** JSON itself escapes C0. */
const STEERING = new RegExp(STEERING_SEQUENCE, "g");

const encode = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const decode = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");
const standIn = (byte: string): string => String.fromCharCode(0xdc00 + byte.charCodeAt(0));
const escaped = (byte: string): string => asEscape(0xdc00 + byte.charCodeAt(0));
const asEscape = (unit: number): string => `\\u${unit.toString(16).padStart(4, "0")}`;
