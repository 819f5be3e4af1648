// Finds the values of a machine's own in a text, and replaces them: docs/capture.md, "What is replaced". Pure.

import { fold, isBounded, trimToWords, WORD_CHARACTER } from "./folding.js";
import { type FoundValue, findPattern, type MaskedKind } from "./mask-patterns.js";
import { type LinePlaces, type MaskedPlace, SLOT_VALUE, surveyLine } from "./mask-places.js";

/** The kinds of values that are known before any text is read. */
export type KnownKind = Extract<MaskedKind, "host" | "user" | "disk" | "serial">;

export type MaskRules = {
	/** uname(2)'s release, which stays. */
	readonly release: string | undefined;
	/** UUIDs of aliases, which stay: 32 hexadecimal digits in small letters. */
	readonly typeUuids: ReadonlySet<string>;
	/** Folded names that stay unless they are in a slot. */
	readonly protectedNames: ReadonlySet<string>;
	/** Folded values of slots whose kind is known, however short they are. */
	readonly slotKinds: ReadonlyMap<string, KnownKind>;
	/** Folded values that are replaced wherever they stand. */
	readonly known: ReadonlyMap<string, KnownKind>;
};

/** Returns the placeholder of a value. `raw` is its text, without the characters that are kept. */
export type Replace = (found: Pick<FoundValue, "kind" | "value">, raw: string) => string;

/** Reads a text of one line. The same text back, where nothing is found. */
export type Masker = (text: string, place: MaskedPlace, replace: Replace) => string;

export function makeMasker(rules: MaskRules): Masker {
	const findKnown = searchKnown(rules.known);
	return (text, place, replace) => {
		const folded = fold(text);
		const places = surveyLine(text, place);
		let masked = "";
		let at = 0;
		for (let word = nextWord(text, at); word !== undefined; word = nextWord(text, at)) {
			masked += text.slice(at, word.at);
			at = word.at;
			const line: Line = { text, folded, at, word: word.text, places };
			const found = find(line, rules, findKnown);
			const { length, kept = 0 } = found;
			const raw = text.slice(at, at + length);
			masked +=
				found.kind === undefined
					? raw
					: raw.slice(0, kept) + replace({ kind: found.kind, value: found.value }, raw.slice(kept));
			at += length;
		}
		return masked + text.slice(at);
	};
}

type Line = {
	readonly text: string;
	readonly folded: string;
	/** Where the word begins. */
	readonly at: number;
	readonly word: string;
	readonly places: LinePlaces;
};

/** What stays has no kind. */
type Passed = { readonly kind: undefined; readonly length: number; readonly kept?: undefined };

type FindKnown = (folded: string, at: number) => FoundValue | undefined;

function find(line: Line, rules: MaskRules, findKnown: FindKnown): FoundValue | Passed {
	const { text, folded, at, word, places } = line;
	if (places.stays(at)) return stay(word.length);
	const { release } = rules;
	if (release !== undefined && text.startsWith(release, at) && isBounded(text, at + release.length))
		return stay(release.length);
	const pattern = findPattern(text, at);
	if (pattern?.kind === "uuid" && rules.typeUuids.has(pattern.value)) return stay(pattern.length);
	if (pattern !== undefined) return pattern;
	const name = findProtected(line, rules.protectedNames);
	if (places.isInSlot(at) || (name === undefined && !/^\d{1,4}$/.test(word) && places.isInPrivateParameter(at)))
		return findSlotValue(line, rules);
	return name ?? findKnown(folded, at) ?? stay(word.length);
}

const stay = (length: number): Passed => ({ kind: undefined, length });

const NEXT_WORD = new RegExp(`${WORD_CHARACTER}+`, "g");

function nextWord(text: string, from: number): { readonly at: number; readonly text: string } | undefined {
	NEXT_WORD.lastIndex = from;
	const match = NEXT_WORD.exec(text);
	return match === null ? undefined : { at: match.index, text: match[0] };
}

const NAME = new RegExp(`(?:${WORD_CHARACTER}|[_-])+`, "y");
const IN_NAME = new RegExp(`${WORD_CHARACTER}|[_-]`);

function findProtected({ text, at }: Line, names: ReadonlySet<string>): Passed | undefined {
	if (at > 0 && IN_NAME.test(text[at - 1]!)) return undefined;
	NAME.lastIndex = at;
	const [name = ""] = NAME.exec(text) ?? [];
	return names.has(fold(name)) ? stay(name.length) : undefined;
}

function findSlotValue({ text, at }: Line, { slotKinds }: MaskRules): FoundValue {
	SLOT_VALUE.lastIndex = at;
	const shape = trimToWords(SLOT_VALUE.exec(text)?.[0] ?? "");
	const value = fold(shape);
	return { kind: slotKinds.get(value) ?? "name", value, length: shape.length };
}

/** Characters of a value by which the values that may begin at a place are looked up: no known value is shorter. */
const LEAST = 3;

/** Finds the longest known value at a place of a folded text. */
function searchKnown(known: ReadonlyMap<string, KnownKind>): FindKnown {
	const byBeginning = new Map<string, FoundValue[]>();
	for (const [value, kind] of known) {
		const beginning = value.slice(0, LEAST);
		const others = byBeginning.get(beginning);
		const one: FoundValue = { kind, value, length: value.length };
		if (others === undefined) byBeginning.set(beginning, [one]);
		else others.push(one);
	}
	for (const some of byBeginning.values()) some.sort((a, b) => b.length - a.length);
	return (folded, at) =>
		byBeginning
			.get(folded.slice(at, at + LEAST))
			?.find(({ value, length }) => folded.startsWith(value, at) && isBounded(folded, at + length));
}
