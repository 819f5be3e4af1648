// What a search of an index has found, in kmod's order: by priority, and of equal priorities the one that was met last comes first.
import { type IndexFile, LONGEST_LIST, MalformedIndex, type Node, valueEnd } from "./index-file.js";

/** A value found, with the pattern that matched. */
export type IndexMatch = { readonly value: string; readonly pattern: string };

let found: IndexMatch[] = [];
let priorities: number[] = [];
let characters = 0;

/** Begins a search. One at a time, as nothing here waits. */
export function beginMatches(): void {
	found = [];
	priorities = [];
	characters = 0;
}

/** Every value of a node whose key, read as a pattern, matches. Returns how many bytes they have. @throws {MalformedIndex} */
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
	if (characters > LONGEST_LIST)
		throw new MalformedIndex(index.file, `more than ${LONGEST_LIST >> 20} MiB of it match one alias`);
	return read;
}

/** All that was added, in order. */
export function endMatches(): readonly IndexMatch[] {
	if (found.length > FEW) return sorted();
	for (let n = 1; n < found.length; n++) insert(n);
	return found;
}

/** So many are put in order one by one, which for two or three is quickest. */
const FEW = 16;

/** The match at `n` goes before those of its priority, which were met earlier. */
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
