// Shortens aliases for people.

const LONGEST_SHOWN = 120;

/**
 * Shortens a long alias in the middle: a CPU's alias can be longer than a page of text. JSON has the whole alias.
 * @param most the longest text that stays whole: 40 at least
 */
export function shorten(alias: string, most = LONGEST_SHOWN): string {
	return alias.length <= most ? alias : `${alias.slice(0, most - 20)}...${alias.slice(-17)}`;
}
