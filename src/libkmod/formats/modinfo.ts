// The `.modinfo` section of a module: NUL-terminated `key=value` strings, in the order the compiler laid them down.
// One byte is one character (latin1) here, so that authors' names come out as they went in.

import { type Elf, findSection, MalformedModule } from "./elf.js";

/** One `key=value`. `value` has one character per byte. A string without `=` is a key with an empty value. */
export type ModinfoEntry = { readonly key: string; readonly value: string };

/** In bytes. Those with the most aliases have some hundred thousand. */
const LARGEST_MODINFO = 2 ** 24;

/** The strings of a module, or undefined where it has no `.modinfo`. @throws {MalformedModule} */
export function modinfoStrings(elf: Elf): string[] | undefined {
	const section = findSection(elf, ".modinfo");
	if (section === undefined || section.start === section.end) return undefined;
	if (section.end - section.start > LARGEST_MODINFO)
		throw new MalformedModule(`its .modinfo is larger than ${LARGEST_MODINFO >> 20} MiB`);
	return splitAtNuls(elf.image.toString("latin1", section.start, section.end));
}

/** Strings that end at a NUL each; runs of NULs pad them. */
export function splitAtNuls(text: string): string[] {
	return text.split("\0").filter((string) => string !== "");
}

/** `key=value`, divided at the first `=`. */
export function parseModinfoString(string: string): ModinfoEntry {
	const equals = string.indexOf("=");
	if (equals === -1) return { key: string, value: "" };
	return { key: string.slice(0, equals), value: string.slice(equals + 1) };
}
