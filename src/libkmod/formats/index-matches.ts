// The matches of a search in an index, in kmod's order: by priority, and for equal priorities the one found last comes first.
import { type IndexFile, LONGEST_LIST_BYTES, MalformedIndex, type Node, valueEnd } from "./index-file.js";

/** A matching value, and the pattern that matched. */
export type IndexMatch = { readonly value: string; readonly pattern: string };

let found: IndexMatch[] = [];
let priorities: number[] = [];
let characters = 0;

/** Begins a search. Searches are synchronous, so there is only one at a time. */
export function beginMatches(): void {
	found = [];
	priorities = [];
	characters = 0;
}

/**
 * Adds every value of a node whose key, as a pattern, matches. Returns the number of bytes of the values.
 * @throws {MalformedIndex}
 */
export function addMatches(index: IndexFile, node: Node, pattern: string): number {
	const { bytes } = index;
	let start = node.valuesStart;
	for (let n = 0; n < node.valueCount; n++) {
		const end = valueEnd(index, start + 4);
		found.push({ value: bytes.toString("latin1", start + 4, end), pattern });
		priorities.push(bytes.readUInt32BE(start));
		start = end + 1;
	}
	const read = start - node.valuesStart;
	characters += read + node.valueCount * pattern.length;
	if (characters > LONGEST_LIST_BYTES)
		throw new MalformedIndex(index.file, `more than ${LONGEST_LIST_BYTES >> 20} MiB of its entries match one alias`);
	return read;
}

/** Returns all matches, in order. */
export function endMatches(): readonly IndexMatch[] {
	if (found.length > FEW) return sorted();
	for (let n = 1; n < found.length; n++) insert(n);
	return found;
}

/** Up to this many matches are sorted by insertion, which is fastest for two or three. */
const FEW = 16;

/** Moves the match at `n` before the earlier matches of its priority. */
function insert(n: number): void {
	const match = found[n]!;
	const priority = priorities[n]!;
	let place = n;
	for (; place > 0 && priorities[place - 1]! >= priority; place--) {
		found[place] = found[place - 1]!;
		priorities[place] = priorities[place - 1]!;
	}
	found[place] = match;
	priorities[place] = priority;
}

function sorted(): readonly IndexMatch[] {
	const places = Array.from(found.keys());
	return places.sort((a, b) => priorities[a]! - priorities[b]! || b - a).map((place) => found[place]!);
}
