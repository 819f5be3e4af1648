// Finds the entries of modules.devname: a module with the alias `devname:NAME` and an alias `char-major-M-m` or
// `block-major-M-m` is loaded when a process opens /dev/NAME.

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

/**
 * The device node of a module. Only its name when the numbers are missing. Undefined when the module has no `devname:` alias.
 */
export function findDevname({ name: module, aliases }: ModuleDigest): Devname | { readonly name: string } | undefined {
	let name: string | undefined;
	let numbers: Pick<Devname, "type" | "major" | "minor"> | undefined;
	// Until both are found, a later alias replaces an earlier one.
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
