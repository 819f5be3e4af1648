// The project's sources as text, for tests that check all of them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Files of a folder and its subfolders, filtered by the ends of their names, in sorted order. */
export function listFiles(folder: string, ...ends: readonly string[]): readonly string[] {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && (ends.length === 0 || ends.some((end) => entry.name.endsWith(end))))
		.map((entry) => join(entry.parentPath, entry.name))
		.sort();
}

/** TypeScript or C without comments. The numbers of the lines stay. */
export function readCode(file: string): string {
	return withoutComments(readFileSync(file, "utf8"));
}

/** Removes comments in the project's style: a comment starts a line or follows a blank. */
export function withoutComments(text: string): string {
	return text
		.replace(/^[\t ]*\/\*.*?\*\//gms, (comment) => comment.replace(/[^\n]/g, ""))
		.replace(/(^|\s)\/\/ .*$/gm, "$1");
}

/** The arguments of each call of a function by its name, without the text in nested parentheses. */
export function listCalls(code: string, name: string): readonly string[] {
	return [...code.matchAll(new RegExp(`(?<![\\w.])${name}(?:<[^()]*?>)?\\(`, "g"))].map(({ 0: begin, index }) => {
		let depth = 1;
		let words = "";
		for (const character of code.slice(index + begin.length)) {
			if (character === ")" && --depth === 0) break;
			if (depth === 1 && character !== ")") words += character;
			if (character === "(") depth++;
		}
		return words;
	});
}
