// Patterns of policy, compiled once. Most patterns are plain words, or words with a `*` before or behind, which match faster than
// by the general wildcard match. In a storm every uevent meets every rule.
import { matchesWildcard } from "../../libkmod/text/wildcard.js";

/** Alternatives: one of the patterns must match. One character stands for one byte. */
export type Patterns = readonly string[];

type Match = (text: string) => boolean;

const ready = new WeakMap<Patterns, Match>();

export function matchesAny(patterns: Patterns, text: string): boolean {
	let match = ready.get(patterns);
	if (match === undefined) {
		match = makeMatch(patterns);
		ready.set(patterns, match);
	}
	return match(text);
}

function makeMatch(patterns: Patterns): Match {
	const [first, ...others] = patterns.map(makeOne);
	if (first === undefined) return () => false;
	return others.length === 0 ? first : (text) => first(text) || others.some((match) => match(text));
}

function makeOne(pattern: string): Match {
	const [, before, word = "", behind] = /^(\*?)([^*?[\\]*)(\*?)$/.exec(pattern) ?? [];
	if (before === undefined) return (text) => matchesWildcard(pattern, text);
	if (before && behind) return (text) => text.includes(word);
	if (before) return (text) => text.endsWith(word);
	return behind ? (text) => text.startsWith(word) : (text) => text === word;
}
