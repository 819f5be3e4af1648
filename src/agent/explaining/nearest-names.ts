// The names that are nearest to a word that nothing is named by: those at the least edit distance, and those that begin with it. Pure.

const MOST_OFFERED = 3;
/** A longer word is no misspelled name. */
const LONGEST_COMPARED = 64;

/** The nearest names, the nearest first. Empty when none is near. */
export function findNearestNames(word: string, names: Iterable<string>): readonly string[] {
	if (word === "" || word.length > LONGEST_COMPARED) return [];
	const sought = word.toLowerCase();
	const most = Math.max(1, Math.min(3, Math.floor(word.length / 3)));
	const near: { readonly name: string; readonly distance: number }[] = [];
	for (const name of new Set(names)) {
		const distance = distanceOf(sought, name.toLowerCase(), most);
		if (distance <= most) near.push({ name, distance });
		// A name that goes on where the word ends is as near as one with the most mistakes.
		else if (word.length >= 3 && name.toLowerCase().startsWith(sought)) near.push({ name, distance: most });
	}
	near.sort((a, b) => a.distance - b.distance || a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
	return near.slice(0, MOST_OFFERED).map(({ name }) => name);
}

/** The edit distance with transpositions of neighbours (optimal string alignment). A distance above `most` is `most + 1`. */
function distanceOf(a: string, b: string, most: number): number {
	if (Math.abs(a.length - b.length) > most) return most + 1;
	let before: number[] = [];
	let last = Array.from({ length: b.length + 1 }, (_, column) => column);
	for (let row = 1; row <= a.length; row++) {
		const next = [row];
		for (let column = 1; column <= b.length; column++) {
			const same = a[row - 1] === b[column - 1];
			let least = Math.min(last[column]! + 1, next[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
			const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
			if (swapped) least = Math.min(least, before[column - 2]! + 1);
			next.push(least);
		}
		if (Math.min(...next) > most) return most + 1;
		[before, last] = [last, next];
	}
	return last[b.length]!;
}
