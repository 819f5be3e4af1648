// Normalises module names and aliases as libkmod compares them: a dash equals an underscore.

import { baseName } from "./base-name.js";
/** The normalised name, from a name or from the path of a module file: `/lib/x/my-mod.ko.zst` gives `my_mod`. */
export function normaliseModuleName(nameOrPath: string): string {
	return normaliseName(baseName(nameOrPath));
}

/** The normalised name from a string that is never a path: a slash stays, so that no module has that name. */
export function normaliseName(name: string): string {
	const dot = name.indexOf(".");
	const stem = dot === -1 ? name : name.slice(0, dot);
	return stem.includes("-") ? stem.replaceAll("-", "_") : stem;
}

/**
 * The normalised form of an alias or alias pattern. Dashes within brackets are ranges and stay. Undefined for an unmatched
 * bracket.
 */
export function normaliseAlias(alias: string): string | undefined {
	let normalised = "";
	let start = 0;
	for (;;) {
		const open = alias.indexOf("[", start);
		const outside = alias.slice(start, open === -1 ? undefined : open);
		if (outside.includes("]")) return undefined;
		normalised += outside.includes("-") ? outside.replaceAll("-", "_") : outside;
		if (open === -1) return normalised;
		const close = alias.indexOf("]", open);
		if (close === -1) return undefined;
		start = close + 1;
		normalised += alias.slice(open, start);
	}
}
