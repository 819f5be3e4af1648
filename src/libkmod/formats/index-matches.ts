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
		characters += pattern.length + end - start - 4;
		if (characters > LONGEST_LIST)
			throw new MalformedIndex(index.file, `more than ${LONGEST_LIST >> 20} MiB of it match one alias`);
		found.push({ value: bytes.toString("latin1", start + 4, end), pattern });
		priorities.push(bytes.readUInt32BE(start));
		start = end + 1;
	}
	return start - node.valuesStart;
}

/** All that was added, in order. */
export function endMatches(): readonly IndexMatch[] {
	for (let n = 1; n < found.length; n++) if (priorities[n]! <= priorities[n - 1]!) return sorted();
	return found;
}

function sorted(): readonly IndexMatch[] {
	const places = Array.from(found.keys());
	return places.sort((a, b) => priorities[a]! - priorities[b]! || b - a).map((place) => found[place]!);
}
