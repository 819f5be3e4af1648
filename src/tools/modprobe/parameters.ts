// Parameters of a module as words of a command line, and as the kernel takes them: one text, values with blanks in quotes.

export function joinParameters(words: readonly string[]): string {
	// Empty words in front vanish, as in kmod.
	return words.reduce((text, word) => (text === "" ? "" : `${text} `) + quoteValue(word), "");
}

/** The shell has taken the quotes away: name="a b" came as one word. */
function quoteValue(word: string): string {
	const equals = word.indexOf("=");
	const value = word.slice(equals + 1);
	if (equals < 0 || !value.includes(" ") || /^["']/.test(value)) return word;
	return `${word.slice(0, equals)}="${value}"`;
}
