// How masking compares values: docs/capture.md, "What is replaced". Bytes above 127 belong to words, since they are parts of letters.
// Pure.

/** The source of a regular expression for one character of a word. */
export const WORD_CHARACTER = String.raw`[A-Za-z0-9\x80-\xff]`;

const isWordCharacter = new RegExp(WORD_CHARACTER);

/** Whether a value ends here: no character of a word follows. */
export const isBounded = (text: string, end: number): boolean => !isWordCharacter.test(text[end] ?? "");

/** Capitals of ASCII become small, blanks and dashes underscores: the length stays. */
export function fold(text: string): string {
	return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase()).replace(/[ -]/g, "_");
}

const OUTSIDE_WORDS = new RegExp(`^(?:(?!${WORD_CHARACTER}).)+|(?:(?!${WORD_CHARACTER}).)+$`, "gs");

/** The text from its first to its last word character. */
export const trimToWords = (text: string): string => text.replace(OUTSIDE_WORDS, "");
