// Words and numbers as a sentence has them. Pure.

/** "a", "a and b", "a, b and c". */
export function listWords(words: readonly string[], conjunction: "and" | "or" = "and"): string {
	return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}

/** "1 device", "2 devices". */
export const countThings = (number: number, one: string, more = `${one}s`): string =>
	`${number} ${number === 1 ? one : more}`;
