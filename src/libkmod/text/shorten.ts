// Aliases as people are shown them.

const LONGEST_SHOWN = 120;

/** A CPU's alias can be longer than a page of text; JSON has all of it. */
export function shorten(alias: string): string {
	return alias.length <= LONGEST_SHOWN ? alias : `${alias.slice(0, LONGEST_SHOWN - 20)}...${alias.slice(-17)}`;
}
