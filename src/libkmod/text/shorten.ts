// Shortens aliases for people.

const LONGEST_SHOWN = 120;

/** Shortens a long alias in the middle: a CPU's alias can be longer than a page of text. JSON has the whole alias. */
export function shorten(alias: string): string {
	return alias.length <= LONGEST_SHOWN ? alias : `${alias.slice(0, LONGEST_SHOWN - 20)}...${alias.slice(-17)}`;
}
