// Patterns of policy, made ready once: most are plain words, or words with a `*` before or behind, for which there are quicker
// ways than the wildcard match. In a storm every uevent meets every rule.
import { matchesWildcard } from "../../libkmod/text/wildcard.js";

/** One of them has to match. A byte a character. */
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
