// The patterns that come nearest to a device's alias that none of them matches: those of its bus, ranked by the fields that agree.
// How near two numbers are plays no role: a driver for another number is no driver for this one.
import {
	type Agreement,
	compareField,
	countCommonWords,
	DIFFERS,
	LITERAL,
	LONGEST_ALIAS,
	restOfPattern,
	type SplitAlias,
	showValue,
	splitAlias,
} from "./alias-fields.js";
import { type BusField, namedForm } from "./bus-fields.js";
import { compareRanks, rankAgreement } from "./nearness.js";

/** A pattern and its module. What else the entry has is kept. */
export type PatternEntry = { readonly pattern: string; readonly module: string };

/** The patterns that agree with a device equally far. */
export type NearPatterns<Entry extends PatternEntry = PatternEntry> = {
	readonly bus: string;
	/** The fields in which the patterns name the device's value, in the bus's order. */
	readonly agreeing: readonly string[];
	/** The fields whose values differ, in the bus's order: one at least. The wanted values are those of the first pattern. */
	readonly differing: readonly [FieldDifference, ...FieldDifference[]];
	/** All of them, in the order in which they were given: one at least. */
	readonly patterns: readonly [Entry, ...Entry[]];
	/** How many patterns the bus has. */
	readonly ofBus: number;
};

export type FieldDifference = {
	/** In the words of people, such as "subsystem vendor". */
	readonly field: string;
	/** Whether a pattern names some of a list that the device has, such as the features of a processor. */
	readonly isList: boolean;
	/** The device's value. "" when it has none. */
	readonly device: string;
	/** The value that the pattern wants, maybe with wildcards. */
	readonly pattern: string;
	/** The words that both values begin with, where the field is a name. "" when there are none. */
	readonly common: string;
};

/**
 * Finds the patterns that come nearest to an alias, the nearest first, in at most `most` groups of patterns that agree equally far.
 * Patterns that match the alias are left out. Empty for a text that is no device's alias, and where its bus has no pattern.
 *
 * First come patterns whose identifying fields (vendor and device) all agree, so that others differ (subsystem, class, revision);
 * then patterns for a whole class, if the class agrees; then those with the same vendor; then those that agree in anything else;
 * last the others of the bus. Among these: fewer differing fields, more named ones, a later first difference.
 */
export function findNearest<Entry extends PatternEntry>(
	alias: string,
	entries: Iterable<Entry>,
	most: number,
): readonly NearPatterns<Entry>[] {
	const split = splitAlias(alias);
	if (split === undefined) return [];
	const hint = split.form.hintOfAgreement?.(split.values);
	const groups = new Map<number, Group<Entry>>();
	let ofBus = 0;
	for (const entry of entries) {
		const rest = restOfPattern(entry.pattern, split.bus);
		if (rest === undefined || rest.length > LONGEST_ALIAS) continue;
		ofBus++;
		const known = hint === undefined || hint.test(rest) ? undefined : groups.get(NOTHING);
		// Most patterns agree in nothing, which is told without splitting them.
		if (known !== undefined && NAMES_A_VALUE.test(rest)) known.patterns.push(entry);
		else place(groups, split, rest, entry);
	}
	const ranked = [...groups.values()].map((group) => ({ group, rank: rankAgreement(group) }));
	ranked.sort((a, b) => compareRanks(a.rank, b.rank));
	return ranked.slice(0, most).map(({ group }) => describe(split.bus, group, ofBus));
}

type Group<Entry> = {
	/** The fields in which the patterns are compared: those of the bus, or a single name. */
	readonly fields: readonly BusField[];
	/** The values of the device, and those of the first pattern. */
	readonly values: readonly string[];
	readonly wanted: readonly string[];
	readonly agreements: readonly Agreement[];
	/** The length of the words that the names begin with alike. */
	readonly common: number;
	readonly patterns: [Entry, ...Entry[]];
};

const STATES = 3;
/** More than the longest alias: a key is one number for all agreements and the length in common. */
const LENGTHS = LONGEST_ALIAS + 1;
/** The key of the patterns that agree in nothing. */
const NOTHING = -1;
/** A pattern of tags and stars alone names no value. */
const NAMES_A_VALUE = /[^a-z*_]/;

/** Puts a pattern into the group of those that agree as far as it does. */
function place<Entry extends PatternEntry>(
	groups: Map<number, Group<Entry>>,
	split: SplitAlias,
	rest: string,
	entry: Entry,
): void {
	const parts = split.form.split(rest);
	const { fields } = parts === undefined ? namedForm : split.form;
	const values = parts === undefined ? [split.rest] : split.values;
	const wanted = parts ?? [rest];
	let key = fields === split.form.fields ? 0 : 1;
	let differing = 0;
	let literal = 0;
	let common = 0;
	for (let at = 0; at < fields.length; at++) {
		const field = fields[at]!;
		const agreement = compareField(field, wanted[at] ?? "", values[at]!);
		key = key * STATES + agreement;
		if (agreement === LITERAL) literal++;
		else if (agreement === DIFFERS) {
			differing++;
			if (field.kind === "text") common = countCommonWords(wanted[at]!, values[at]!);
		}
	}
	// The pattern matches, or differs from the alias in nothing that has a name.
	if (differing === 0) return;
	key = literal === 0 && common === 0 ? NOTHING : key * LENGTHS + common;
	const group = groups.get(key);
	if (group !== undefined) group.patterns.push(entry);
	else groups.set(key, begin(fields, values, wanted, common, entry));
}

function begin<Entry>(
	fields: readonly BusField[],
	values: readonly string[],
	parts: readonly (string | undefined)[],
	common: number,
	entry: Entry,
): Group<Entry> {
	const wanted = fields.map((_, at) => parts[at] ?? "");
	const agreements = fields.map((field, at) => compareField(field, wanted[at]!, values[at]!));
	return { fields, values, wanted, agreements, common, patterns: [entry] };
}

function describe<Entry extends PatternEntry>(
	bus: string,
	{ fields, values, wanted, agreements, common, patterns }: Group<Entry>,
	ofBus: number,
): NearPatterns<Entry> {
	const places = fields.map((_, at) => at);
	const [first, ...others] = places
		.filter((at) => agreements[at] === DIFFERS)
		.map((at): FieldDifference => {
			const field = fields[at]!;
			return {
				field: field.name,
				isList: field.kind === "list",
				device: showValue(field, values[at]!),
				pattern: showValue(field, wanted[at]!),
				common: field.kind === "text" ? values[at]!.slice(0, common) : "",
			};
		});
	const agreeing = places.filter((at) => agreements[at] === LITERAL).map((at) => fields[at]!.name);
	return { bus, agreeing, differing: [first!, ...others], patterns, ofBus };
}
