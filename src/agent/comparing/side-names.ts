// What the two sides of a comparison are called. Pure.

import type { Both } from "./answers.js";

export type NamedPlace = {
	/** What people call the side: a file, a kernel's release, "this machine". */
	readonly name: string;
	/** Where the side is from, for two of one name. */
	readonly place: string;
};

/** Two names that differ: those of the sides, or else of their places, or else with A and B behind them. */
export function nameSides({ a, b }: Both<NamedPlace>): Both<string> {
	if (a.name !== b.name) return { a: a.name, b: b.name };
	if (a.place !== b.place) return { a: a.place, b: b.place };
	return { a: `${a.place} (A)`, b: `${b.place} (B)` };
}

/** The place of a kernel that a machine has itself. */
export const ownKernel = (release: string): string => `the machine's own ${release}`;
