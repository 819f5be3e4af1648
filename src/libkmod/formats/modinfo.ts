// The `.modinfo` section of a module: NUL-terminated `key=value` strings, in the compiler's order. One byte is one character
// (latin1), so that authors' names are preserved byte for byte.

import { type Elf, findSection, MalformedModule } from "./elf.js";

/** One `key=value`. `value` has one character per byte. A string without `=` is a key with an empty value. */
export type ModinfoEntry = { readonly key: string; readonly value: string };

/** Bytes. The largest sections, of the modules with the most aliases, have some hundred thousand. */
const LARGEST_MODINFO_BYTES = 2 ** 24;

/** The strings of a module. Undefined when the module has no `.modinfo`. @throws {MalformedModule} */
export function modinfoStrings(elf: Elf): string[] | undefined {
	const section = findSection(elf, ".modinfo");
	if (section === undefined || section.start === section.end) return undefined;
	if (section.end - section.start > LARGEST_MODINFO_BYTES)
		throw new MalformedModule(`its .modinfo is larger than ${LARGEST_MODINFO_BYTES >> 20} MiB`);
	return splitAtNuls(elf.image.toString("latin1", section.start, section.end));
}

/** Splits text into NUL-terminated strings. Runs of NULs are padding. */
export function splitAtNuls(text: string): string[] {
	return text.split("\0").filter((string) => string !== "");
}

/** Splits `key=value` at the first `=`. */
export function parseModinfoString(string: string): ModinfoEntry {
	const equals = string.indexOf("=");
	if (equals === -1) return { key: string, value: "" };
	return { key: string.slice(0, equals), value: string.slice(equals + 1) };
}
