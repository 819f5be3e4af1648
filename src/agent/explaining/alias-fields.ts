// Splits a device's alias, and a module's pattern, into named fields, and compares the two field by field.

import { normaliseAlias } from "../../libkmod/text/module-name.js";
import { matchesWildcard } from "../../libkmod/text/wildcard.js";
import { BETWEEN_NAMES, type BusField, type BusForm, formOfBus, namedForm } from "./bus-fields.js";

/** A longer alias is looked up nowhere (PATH_MAX, as in an index's search), and is not split. */
export const LONGEST_ALIAS = 4095;

export type AliasFields = {
	/** The text before the colon, such as "pci". */
	readonly bus: string;
	/** In the bus's order, with the values as an index spells them: with underscores for dashes. "" where there is none. */
	readonly fields: readonly { readonly name: string; readonly value: string }[];
};

/** An alias that is ready for comparison with many patterns. */
export type SplitAlias = {
	/** With underscores for dashes. */
	readonly alias: string;
	readonly bus: string;
	/** What follows the bus's colon. */
	readonly rest: string;
	readonly form: BusForm;
	readonly values: readonly string[];
};

/**
 * The fields of a device's alias or of a module's pattern. An alias of an unknown bus, or one that has not the form of its bus, has
 * a single field, "name". Undefined for a text without a colon, such as a module's name, and for one that is too long.
 */
export function listFields(alias: string): AliasFields | undefined {
	const split = splitAlias(alias);
	if (split === undefined) return undefined;
	const { bus, form, values } = split;
	const fields = form.fields.map((field, at) => ({ name: field.name, value: showValue(field, values[at]!) }));
	return { bus, fields };
}

/** The bus of an alias, such as "pci": what its patterns begin with. Undefined for a text without a colon. */
export function busOf(alias: string): string | undefined {
	const at = alias.search(/\*?:/);
	return at < 1 ? undefined : alias.slice(0, at).replaceAll("-", "_");
}

/** Splits an alias. Undefined as for {@link listFields}. */
export function splitAlias(given: string): SplitAlias | undefined {
	if (given.length > LONGEST_ALIAS) return undefined;
	const alias = normaliseAlias(given) ?? given.replaceAll("-", "_");
	const colon = alias.indexOf(":");
	if (colon < 1) return undefined;
	const bus = alias.slice(0, alias[colon - 1] === "*" ? colon - 1 : colon);
	const rest = alias.slice(colon + 1);
	const form = formOfBus(bus);
	const values = form.split(rest)?.map((value) => value ?? "");
	return values === undefined
		? { alias, bus, rest, form: namedForm, values: [rest] }
		: { alias, bus, rest, form, values };
}

/** The rest of a pattern after its bus. Undefined for a pattern of another bus. `acpi*:` and `dmi*:` are patterns of their bus. */
export function restOfPattern(pattern: string, bus: string): string | undefined {
	if (!pattern.startsWith(bus)) return undefined;
	let at = bus.length;
	if (pattern.charCodeAt(at) === STAR) at++;
	return pattern.charCodeAt(at) === COLON ? pattern.slice(at + 1) : undefined;
}

const STAR = 0x2a;
const COLON = 0x3a;
const QUESTION = 0x3f;

/** How a field of a pattern agrees with a device. */
export const DIFFERS = 0;
export const OPEN = 1;
export const LITERAL = 2;
export type Agreement = typeof DIFFERS | typeof OPEN | typeof LITERAL;

/** Compares one field: OPEN when the pattern takes any value, LITERAL when it names the device's, else DIFFERS. */
export function compareField({ kind }: BusField, wanted: string, value: string): Agreement {
	if (takesAnything(wanted)) return OPEN;
	if (wanted === value) return LITERAL;
	const agrees =
		kind === "names"
			? agreesWithAny(wanted, value)
			: kind === "parts"
				? wanted.split(BETWEEN_NAMES).every((part) => agreesWithAny(part, value))
				: matchesWildcard(wanted, value);
	return agrees ? LITERAL : DIFFERS;
}

function takesAnything(wanted: string): boolean {
	for (let at = 0; at < wanted.length; at++) {
		const code = wanted.charCodeAt(at);
		if (code !== STAR && code !== QUESTION) return false;
	}
	return true;
}

/** Whether one of the pattern's names is one of the device's. */
function agreesWithAny(wanted: string, value: string): boolean {
	const names = value.split(BETWEEN_NAMES);
	return wanted.split(BETWEEN_NAMES).some((one) => names.some((name) => matchesWildcard(one, name)));
}

/** A value for people: names that a field holds together have commas between. */
export function showValue({ kind }: BusField, value: string): string {
	return kind === "names" || kind === "parts" ? value.replaceAll(BETWEEN_NAMES, ", ") : value;
}

/**
 * The length of the words that both texts begin with. A number counts as a whole or not at all, since near numbers mean nothing.
 */
export function countCommonWords(one: string, other: string): number {
	let at = 0;
	let end = 0;
	while (at < one.length && at < other.length && one[at] === other[at]) {
		at++;
		if (isBorder(one, at) && isBorder(other, at)) end = at;
	}
	return end;
}

/** Whether a word ends, or a sign stands, before this place. */
function isBorder(text: string, at: number): boolean {
	return at >= text.length || kindOf(text.charCodeAt(at)) !== kindOf(text.charCodeAt(at - 1));
}

function kindOf(code: number): 0 | 1 | 2 {
	if (code >= 0x30 && code <= 0x39) return 1;
	return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code > 0x7f ? 2 : 0;
}
