// Whether depmod's indexes of a module directory can be trusted: each whole, all of them of one run of depmod, and of the module
// files that are there. What a look-up would never meet is looked at too.
import { bounds } from "./bounds.js";
import { isAscii } from "./byte-strings.js";
import { parseDependencyLine } from "./formats/dependency-line.js";
import { type IndexEntry, listEntries, MalformedIndex, openIndex } from "./formats/index-file.js";
import { type IndexKind, indexNames } from "./indexes.js";
import { type Files, type Problem, Refusal } from "./kernel.js";
import { compareWithText, type Difference, findMixture, listModulesOfText, type PairedKind } from "./mixed-set.js";
import { normaliseModuleName } from "./module-name.js";
import { type ModulesPlace, moduleFileIn } from "./other-root.js";
import { listPresentModules } from "./present-modules.js";

export type IndexCheck = {
	readonly problems: readonly Problem[];
	/** The indexes that are there. */
	readonly read: readonly string[];
};

/** What could be read of the indexes that have to fit each other. That of builtin aliases names more than modules.builtin. */
type Entries = {
	readonly dependencies: readonly IndexEntry[] | undefined;
	/** The modules they lead to. */
	readonly aliases: ReadonlySet<string> | undefined;
	readonly symbols: ReadonlySet<string> | undefined;
};

/** @param root another machine's, below which the indexes' absolute paths are. */
export function checkIndexes(files: Files, moduleDirectory: string, root = ""): IndexCheck {
	const problems: Problem[] = [];
	const read: string[] = [];
	/** What is gathered from all entries, where all of them can be read. */
	const readAll = <T>(kind: IndexKind, gathered: T, gather: (entry: IndexEntry) => void): T | undefined => {
		const file = `${moduleDirectory}/${indexNames[kind]}`;
		const problem = readEntries(files, file, kind === "builtinAliases", gather);
		if (problem !== undefined) problems.push({ file, line: 0, message: problem });
		else read.push(file);
		return problem === undefined ? gathered : undefined;
	};
	const readModules = (kind: IndexKind, modules = new Set<string>()) =>
		readAll(kind, modules, ({ value }) => modules.add(value));
	const differences: Problem[] = [];
	const readCompared = <T>(kind: PairedKind, gathered: T, gather: (entry: IndexEntry) => void): T | undefined => {
		const comparison = compareWithText(files, moduleDirectory, kind);
		const met = readAll(kind, gathered, (entry) => {
			gather(entry);
			comparison?.meet(entry);
		});
		if (met !== undefined && comparison !== undefined)
			differences.push(...explainDifference(`${moduleDirectory}/${indexNames[kind]}`, comparison.end()));
		return met;
	};
	const readComparedModules = (kind: PairedKind, modules = new Set<string>()) =>
		readCompared(kind, modules, ({ value }) => modules.add(value));
	const lines: IndexEntry[] = [];
	const entries: Entries = {
		dependencies: readCompared("dependencies", lines, (entry) => lines.push(entry)),
		aliases: readComparedModules("aliases"),
		symbols: readComparedModules("symbols"),
	};
	readModules("builtins");
	readModules("builtinAliases");
	const mixture = findMixture(files, moduleDirectory);
	problems.push(
		...(mixture === undefined ? [] : [mixture]),
		...checkTogether(files, { moduleDirectory, root }, entries),
		...differences,
	);
	return { problems, read };
}

/** One index, read to its end: what is wrong with it. */
export function checkIndex(files: Files, file: string): string | undefined {
	return readEntries(files, file, false, () => undefined);
}

/** What is wrong with it, if anything is. @param optional older depmods and kernels have none, or leave it without even a header. */
function readEntries(
	files: Files,
	file: string,
	optional: boolean,
	meet: (entry: IndexEntry) => void,
): string | undefined {
	try {
		const bytes = files.read(file, bounds.index);
		if (optional && (bytes === undefined || bytes.length === 0)) return undefined;
		if (bytes === undefined) return "there is no such file: run depmod";
		for (const entry of listEntries(openIndex(file, bytes))) meet(entry);
		return undefined;
	} catch (error) {
		if (error instanceof MalformedIndex) return error.message.replace(`${file} `, "");
		if (error instanceof Refusal) return `cannot be read (${error.why})`;
		throw error;
	}
}

/** The files without an index, and which word of their lines is a module. */
const TEXTS = [
	["modules.softdep", 1],
	["modules.weakdep", 1],
	["modules.devname", 0],
] as const;

/** As far as both of two indexes could be read. */
function checkTogether(files: Files, place: ModulesPlace, entries: Entries): Problem[] {
	const directory = place.moduleDirectory;
	const { dependencies, aliases, symbols } = entries;
	const problems: Problem[] = [];
	const tell = (kind: IndexKind, what: string, names: readonly string[]): void => tellOf(indexNames[kind], what, names);
	const tellOf = (name: string, what: string, names: readonly string[]): void => {
		const [first] = names;
		if (first === undefined) return;
		problems.push({ file: `${directory}/${name}`, line: 0, message: explain(what, first, names.length) });
	};
	if (dependencies !== undefined) {
		const known = new Set(dependencies.map(({ key }) => key));
		const wrong = readDependencies(dependencies);
		tell("dependencies", "it has lines that do not fit the module they are of", wrong.misfits);
		tell("dependencies", "it lacks modules that others depend on", listUnknown(wrong.needed, known));
		tell("dependencies", "it has modules whose files are not there", listAbsent(files, place, wrong.paths));
		tell(
			"dependencies",
			"it lacks modules whose files are there",
			listUnknown(listPresentModules(files, directory, known), known),
		);
		const lacking = (found: Iterable<string> = []) => listUnknown(found, known);
		tell("aliases", `it has modules that ${indexNames.dependencies} lacks`, lacking(aliases));
		tell("symbols", `it has modules that ${indexNames.dependencies} lacks`, lacking(symbols));
		for (const [name, place] of TEXTS)
			tellOf(
				name,
				`it has modules that ${indexNames.dependencies} lacks`,
				listUnknown(listModulesOfText(files, `${directory}/${name}`, place), known),
			);
	}
	return problems;
}

const explain = (what: string, first: string, count: number): string =>
	`${what}: ${first}${count > 1 ? ` and ${count - 1} more` : ""}; run depmod`;

function explainDifference(file: string, { text, first, count }: Difference): Problem[] {
	const what = `it is not of the same run of depmod as ${text}, since one of them lacks what the other has`;
	return first === undefined ? [] : [{ file, line: 0, message: explain(what, first, count) }];
}

type Dependencies = {
	readonly misfits: string[];
	/** As the lines spell them. */
	readonly paths: string[];
	readonly needed: string[];
};

function readDependencies(entries: readonly IndexEntry[]): Dependencies {
	const read: Dependencies = { misfits: [], paths: [], needed: [] };
	for (const { key, value } of entries) {
		const line = parseDependencyLine(value);
		if (line === undefined || normaliseModuleName(line.path) !== key) read.misfits.push(key);
		if (line === undefined) continue;
		read.paths.push(line.path);
		for (const path of line.dependencies) read.needed.push(normaliseModuleName(path));
	}
	return read;
}

/** Names that are no ASCII depmod may have left out, which it has said. */
function listUnknown(names: Iterable<string>, known: ReadonlySet<string>): string[] {
	return [...new Set(names)].filter((name) => !known.has(name) && isAscii(name));
}

function listAbsent(files: Files, place: ModulesPlace, paths: readonly string[]): string[] {
	return paths.filter((path) => !isThere(files, moduleFileIn(place, path)));
}

function isThere(files: Files, path: string): boolean {
	try {
		return files.stamp(path) !== undefined;
	} catch (error) {
		if (error instanceof Refusal) return false;
		throw error;
	}
}
