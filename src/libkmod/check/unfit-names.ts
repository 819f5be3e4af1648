// Module files whose names cannot stand in modules.dep, whose lines are cut at the first colon and behind it at white space: depmod
// writes them nevertheless, as kmod's does, and whoever reads the line finds another name.
import { normaliseModuleName } from "../text/module-name.js";

const WHITE_SPACE = /[\t-\r ]+/;

/** Of the paths those that no line of modules.dep can begin with. */
export function listUnfitForLines(paths: readonly string[]): string[] {
	return paths.filter((path) => /[:\n]/.test(path));
}

/** Of the paths those that a line can begin with, but that fall apart where another module depends on them. @param needed the words of all lines */
export function listTornApart(paths: readonly string[], needed: readonly string[]): string[] {
	const torn = paths.filter((path) => WHITE_SPACE.test(path) && !/[:\n]/.test(path));
	if (torn.length === 0) return torn;
	const words = new Set(needed);
	return torn.filter((path) => wordsOf(path).every((word) => words.has(word)));
}

/** What is left of needed words without those that are pieces of unfit paths, as names. */
export function nameNeeded(needed: readonly string[], unfit: readonly string[]): string[] {
	const pieces = new Set(unfit.filter((path) => WHITE_SPACE.test(path)).flatMap(wordsOf));
	return needed.filter((word) => !pieces.has(word)).map(normaliseModuleName);
}

const wordsOf = (path: string): string[] => path.split(WHITE_SPACE).filter((word) => word !== "");
