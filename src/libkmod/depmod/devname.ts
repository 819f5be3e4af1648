// modules.devname's reasoning: a module with the alias `devname:NAME` and one of `char-major-M-m` or `block-major-M-m` is
// loaded when somebody opens /dev/NAME.

import type { ModuleDigest } from "./module-digest.js";

/** A device node: `type` is c (character) or b (block). */
export type Devname = {
	readonly module: string;
	readonly name: string;
	readonly type: "c" | "b";
	readonly major: number;
	readonly minor: number;
};

const NODE_NUMBER = /^(char|block)-major-(\d+)-(\d+)/;
const NODE_NAME = "devname:";

/** The node of a module; or only the name of one, where its numbers are missing; undefined where it has neither. */
export function findDevname({ name: module, aliases }: ModuleDigest): Devname | { readonly name: string } | undefined {
	let name: string | undefined;
	let numbers: Pick<Devname, "type" | "major" | "minor"> | undefined;
	// Until both are there, a later alias replaces an earlier one.
	for (const alias of aliases) {
		if (name !== undefined && numbers !== undefined) break;
		const [, kind, major, minor] = NODE_NUMBER.exec(alias) ?? [];
		if (alias.startsWith(NODE_NAME)) name = alias.slice(NODE_NAME.length);
		else if (kind !== undefined)
			numbers = { type: kind === "char" ? "c" : "b", major: Number(major), minor: Number(minor) };
	}
	if (name === undefined) return undefined;
	return numbers === undefined ? { name } : { module, name, ...numbers };
}
