// Joins module parameters, given as words of a command line, to the one text that the kernel parses. Values with blanks are
// quoted.

export function joinParameters(words: readonly string[]): string {
	// Leading empty words are dropped, as in kmod.
	return words.reduce((text, word) => (text === "" ? "" : `${text} `) + quoteValue(word), "");
}

/** Restores the quotes that the shell has removed: it passes name="a b" as one word without quotes. */
function quoteValue(word: string): string {
	const equals = word.indexOf("=");
	const value = word.slice(equals + 1);
	if (equals < 0 || !value.includes(" ") || /^["']/.test(value)) return word;
	return `${word.slice(0, equals)}="${value}"`;
}
