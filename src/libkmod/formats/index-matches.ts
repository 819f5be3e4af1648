// What a search of an index has found, in kmod's order: by priority, and of equal priorities the one that was met last comes first.
import { type IndexFile, type Node, valueEnd } from "./index-file.js";

/** A value found, with the pattern that matched. */
export type IndexMatch = { readonly value: string; readonly pattern: string };

let found: IndexMatch[] = [];
let priorities: number[] = [];

/** Begins a search: the matches will be in this array. One search at a time, as nothing here waits. */
export function beginMatches(): readonly IndexMatch[] {
	found = [];
	priorities = [];
	return found;
}

/** Every value of a node whose key, read as a pattern, matches. @throws {MalformedIndex} */
export function addMatches(index: IndexFile, node: Node, pattern: string): void {
	const { bytes } = index;
	let start = node.valuesStart;
	for (let n = 0; n < node.valueCount; n++) {
		const end = valueEnd(index, start + 4);
		const match = { value: bytes.toString("latin1", start + 4, end), pattern };
		addMatch(match, bytes.readUInt32BE(start));
		start = end + 1;
	}
}

function addMatch(match: IndexMatch, priority: number): void {
	let place = found.length;
	while (place > 0 && priorities[place - 1]! >= priority) place--;
	if (place === found.length) {
		found.push(match);
		priorities.push(priority);
	} else {
		found.splice(place, 0, match);
		priorities.splice(place, 0, priority);
	}
}
