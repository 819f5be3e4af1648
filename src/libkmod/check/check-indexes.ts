// Checks depmod's indexes of a module directory: each is whole, all come from one run of depmod, and they match the module
// files. Parts that no look-up would read are checked too.

import { parseDependencyLine } from "../formats/dependency-line.js";
import { type IndexEntry, listEntries, MalformedIndex, openIndex } from "../formats/index-file.js";
import { bounds, MOST_NAMES_CHECKED } from "../kernel/bounds.js";
import { type Files, type Problem, Refusal } from "../kernel/kernel.js";
import { type ModulesPlace, moduleFileIn } from "../kernel/other-root.js";
import { isThere } from "../kernel/presence.js";
import { type IndexKind, indexNames } from "../knowledge/indexes.js";
import { isAscii } from "../text/byte-strings.js";
import { normaliseModuleName } from "../text/module-name.js";
import { compareWithText, type Difference, findMixture, listModulesOfText } from "./mixed-set.js";
import { listPresentModules } from "./present-modules.js";
import { listTornApart, listUnfitForLines, nameNeeded } from "./unfit-names.js";

export type IndexCheck = {
	readonly problems: readonly Problem[];
	/** The index files that could be read to their end. */
	readonly read: readonly string[];
};

/** @param root another machine's root, below which the indexes' absolute paths lie */
export function checkIndexes(files: Files, moduleDirectory: string, root = ""): IndexCheck {
	const lines: IndexEntry[] = [];
	const aliases = new Set<string>();
	const symbols = new Set<string>();
	const read = (kind: IndexKind, meet?: (entry: IndexEntry) => void) => readIndex(files, moduleDirectory, kind, meet);
	const indexes = {
		dependencies: read("dependencies", (entry) => lines.push(entry)),
		aliases: read("aliases", ({ value }) => aliases.add(value)),
		symbols: read("symbols", ({ value }) => symbols.add(value)),
		builtins: read("builtins"),
		builtinAliases: read("builtinAliases"),
	} satisfies Record<IndexKind, ReadIndex>;
	const all = Object.values(indexes);
	const mixture = findMixture(files, moduleDirectory);
	const problems = [
		...all.flatMap(({ problem }) => problem ?? []),
		...(mixture === undefined ? [] : [mixture]),
		...checkTogether(
			files,
			{ moduleDirectory, root },
			{
				dependencies: ifWhole(indexes.dependencies, lines),
				aliases: ifWhole(indexes.aliases, aliases),
				symbols: ifWhole(indexes.symbols, symbols),
			},
		),
		...all.flatMap(({ differences }) => differences),
	];
	return { problems, read: all.filter(({ problem }) => problem === undefined).map(({ file }) => file) };
}

type ReadIndex = {
	readonly file: string;
	/** Why the index cannot be read to its end. Undefined when it can. */
	readonly problem: Problem | undefined;
	/** The differences between the index and its text file, if it has one. */
	readonly differences: readonly Problem[];
};

function readIndex(
	files: Files,
	moduleDirectory: string,
	kind: IndexKind,
	meet: (entry: IndexEntry) => void = () => undefined,
): ReadIndex {
	const file = `${moduleDirectory}/${indexNames[kind]}`;
	const comparison = compareWithText(files, moduleDirectory, kind);
	const message = readEntries(files, file, { optional: kind === "builtinAliases" }, (entry) => {
		meet(entry);
		comparison?.meet(entry);
	});
	if (message !== undefined) return { file, problem: { file, line: 0, message }, differences: [] };
	return { file, problem: undefined, differences: explainDifference(file, comparison?.end()) };
}

/** The value gathered from the entries of an index. Undefined when not all entries could be read. */
const ifWhole = <T>({ problem }: ReadIndex, gathered: T): T | undefined =>
	problem === undefined ? gathered : undefined;

/** Reads one index that the caller named to its end. Returns a clause about what is wrong, or undefined. */
export function checkIndex(files: Files, file: string): string | undefined {
	return readEntries(files, file, { named: true }, () => undefined);
}

type Reading = {
	/**
	 * Whether the index may be absent or empty: older versions of depmod and of the kernel have none, or leave it without even
	 * a header.
	 */
	readonly optional?: boolean;
	/** Whether the caller named the file: then it may be a pipe. */
	readonly named?: boolean;
};

/** Passes each entry to `meet`. Returns a clause about what is wrong with the index, or undefined. */
function readEntries(
	files: Files,
	file: string,
	{ optional = false, named = false }: Reading,
	meet: (entry: IndexEntry) => void,
): string | undefined {
	try {
		const bytes = files.read(file, { ...bounds.index, named });
		if (optional && (bytes === undefined || bytes.length === 0)) return undefined;
		if (bytes === undefined) return "there is no such file: run depmod";
		for (const entry of listEntries(openIndex(file, bytes))) meet(entry);
		return undefined;
	} catch (error) {
		if (error instanceof MalformedIndex) return error.clause;
		if (error instanceof Refusal) return `cannot be read (${error.why})`;
		throw error;
	}
}

/** The text files without an index, each with the place of the module's name in a line. */
const TEXTS = [
	["modules.softdep", 1],
	["modules.weakdep", 1],
	["modules.devname", 0],
] as const;

/**
 * The indexes that have to match each other, as far as they could be read. The index of built-in aliases is not among them,
 * since it names more modules than modules.builtin.
 */
type Entries = {
	readonly dependencies: readonly IndexEntry[] | undefined;
	/** The modules that the aliases lead to. */
	readonly aliases: ReadonlySet<string> | undefined;
	readonly symbols: ReadonlySet<string> | undefined;
};

/** Compares the indexes with each other and with the module files. Compares two indexes only when both could be read. */
function checkTogether(files: Files, place: ModulesPlace, { dependencies, aliases, symbols }: Entries): Problem[] {
	if (dependencies === undefined) return [];
	const directory = place.moduleDirectory;
	const known = new Set(dependencies.map(({ key }) => key));
	const present = listPresentModules(files, place, known);
	const withoutLine = listUnfitForLines(present.paths);
	const theirs = new Set(withoutLine.map(normaliseModuleName));
	const { misfits, paths, needed } = readDependencies(dependencies.filter(({ key }) => !theirs.has(key)));
	const unfit = [...withoutLine, ...listTornApart(present.paths, needed)];
	const presentNames = present.paths.map(normaliseModuleName).sort();
	const ofDependencies = `${directory}/${indexNames.dependencies}`;
	const foreign = `it has modules that ${indexNames.dependencies} lacks`;
	return [
		...tell(directory, "it has files whose names cannot stand in modules.dep", unfit, RENAME),
		...tell(ofDependencies, "it has lines that name the file of another module, or none", misfits),
		...tell(ofDependencies, "it lacks modules that others depend on", listUnknown(nameNeeded(needed, unfit), known)),
		...tell(ofDependencies, "it has modules whose files are not there", listAbsent(files, place, paths)),
		...tell(ofDependencies, "it lacks modules whose files are there", listUnknown(presentNames, known)),
		...(present.whole ? [] : [tellTooMany(directory)]),
		...tell(`${directory}/${indexNames.aliases}`, foreign, listUnknown(aliases ?? [], known)),
		...tell(`${directory}/${indexNames.symbols}`, foreign, listUnknown(symbols ?? [], known)),
		...TEXTS.flatMap(([name, word]) => {
			const file = `${directory}/${name}`;
			return tell(file, foreign, listUnknown(listModulesOfText(files, file, word), known));
		}),
	];
}

function tellTooMany(directory: string): Problem {
	const message = `it holds more than ${MOST_NAMES_CHECKED} names, so not all of them were checked: move all files that are no modules out of the directory`;
	return { file: directory, line: 0, message };
}

/** One problem that names the first module and the count. None when there are no names. */
function tell(file: string, what: string, names: readonly string[], remedy = "run depmod"): Problem[] {
	const [first] = names;
	return first === undefined ? [] : [{ file, line: 0, message: explain(what, first, names.length, remedy) }];
}

const explain = (what: string, first: string, count: number, remedy = "run depmod"): string =>
	`${what}: ${first}${count > 1 ? ` and ${count - 1} more` : ""}; ${remedy}`;

const RENAME =
	"rename each module file whose name has a colon, a line break or, if other modules depend on the module, a space in it, and run depmod";

function explainDifference(file: string, difference: Difference | undefined): Problem[] {
	if (difference?.first === undefined) return [];
	const { text, first, count } = difference;
	const what = `it is not of the same run of depmod as ${text}, since one of the two lacks lines that the other has`;
	return [{ file, line: 0, message: explain(what, first, count) }];
}

type Dependencies = {
	readonly misfits: string[];
	/** Module paths, as spelled in the lines. */
	readonly paths: string[];
	/** Paths that other modules depend on, as spelled in the lines. */
	readonly needed: string[];
};

function readDependencies(entries: readonly IndexEntry[]): Dependencies {
	const read: Dependencies = { misfits: [], paths: [], needed: [] };
	for (const { key, value } of entries) {
		const line = parseDependencyLine(value);
		if (line === undefined || normaliseModuleName(line.path) !== key) read.misfits.push(key);
		if (line === undefined) continue;
		read.paths.push(line.path);
		for (const path of line.dependencies) read.needed.push(path);
	}
	return read;
}

/** The names that are not known. Names that are not ASCII are left out: depmod may have omitted them, with a warning. */
function listUnknown(names: Iterable<string>, known: ReadonlySet<string>): string[] {
	return [...new Set(names)].filter((name) => !known.has(name) && isAscii(name));
}

function listAbsent(files: Files, place: ModulesPlace, paths: readonly string[]): string[] {
	return paths.filter((path) => !isThere(files, moduleFileIn(place, path)));
}
