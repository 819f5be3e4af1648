// Module files whose names cannot stand in modules.dep. A reader of modules.dep splits a line at the first colon and then at
// white space. depmod writes such names nevertheless, as kmod's depmod does, and a reader finds another name.
import { normaliseModuleName } from "../text/module-name.js";

const WHITE_SPACE = /[\t-\r ]+/;

/** The paths with which no line of modules.dep can begin. */
export function listUnfitForLines(paths: readonly string[]): string[] {
	return paths.filter((path) => /[:\n]/.test(path));
}

/**
 * The paths with which a line can begin, but which are split where another module depends on them.
 * @param needed the words of all lines
 */
export function listTornApart(paths: readonly string[], needed: readonly string[]): string[] {
	const torn = paths.filter((path) => WHITE_SPACE.test(path) && !/[:\n]/.test(path));
	if (torn.length === 0) return torn;
	const words = new Set(needed);
	return torn.filter((path) => wordsOf(path).every((word) => words.has(word)));
}

/** The module names of the needed words, without words that are pieces of unfit paths. */
export function nameNeeded(needed: readonly string[], unfit: readonly string[]): string[] {
	const pieces = new Set(unfit.filter((path) => WHITE_SPACE.test(path)).flatMap(wordsOf));
	return needed.filter((word) => !pieces.has(word)).map(normaliseModuleName);
}

const wordsOf = (path: string): string[] => path.split(WHITE_SPACE).filter((word) => word !== "");
