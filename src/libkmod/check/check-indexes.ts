// Whether depmod's indexes of a module directory can be trusted: each whole, all of them of one run of depmod, and of the module
// files that are there. What a look-up would never meet is looked at too.

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
	/** The indexes that are there. */
	readonly read: readonly string[];
};

/** @param root another machine's, below which the indexes' absolute paths are. */
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
	/** Why it cannot be read to its end. */
	readonly problem: Problem | undefined;
	/** From its text, where it has one. */
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

/** What was gathered from all entries of an index, if all could be read. */
const ifWhole = <T>({ problem }: ReadIndex, gathered: T): T | undefined =>
	problem === undefined ? gathered : undefined;

/** One index that the caller named, read to its end: what is wrong with it. */
export function checkIndex(files: Files, file: string): string | undefined {
	return readEntries(files, file, { named: true }, () => undefined);
}

type Reading = {
	/** Older depmods and kernels have none, or leave it without even a header. */
	readonly optional?: boolean;
	/** It may be a pipe. */
	readonly named?: boolean;
};

/** What is wrong with it, if anything is. */
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

/** The files without an index, and which word of their lines is a module. */
const TEXTS = [
	["modules.softdep", 1],
	["modules.weakdep", 1],
	["modules.devname", 0],
] as const;

/** What could be read of the indexes that have to fit each other. That of builtin aliases names more than modules.builtin. */
type Entries = {
	readonly dependencies: readonly IndexEntry[] | undefined;
	/** The modules they lead to. */
	readonly aliases: ReadonlySet<string> | undefined;
	readonly symbols: ReadonlySet<string> | undefined;
};

/** As far as both of two indexes could be read. */
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
		...tell(ofDependencies, "it has lines that do not fit the module they are of", misfits),
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
	const message = `it holds more than ${MOST_NAMES_CHECKED} names, so not all of them were looked at: move out of it what is no module`;
	return { file: directory, line: 0, message };
}

/** No problem where there are no names. */
function tell(file: string, what: string, names: readonly string[], remedy = "run depmod"): Problem[] {
	const [first] = names;
	return first === undefined ? [] : [{ file, line: 0, message: explain(what, first, names.length, remedy) }];
}

const explain = (what: string, first: string, count: number, remedy = "run depmod"): string =>
	`${what}: ${first}${count > 1 ? ` and ${count - 1} more` : ""}; ${remedy}`;

const RENAME = "rename what has a colon, a line break or, where others depend on it, a space in it, and run depmod";

function explainDifference(file: string, difference: Difference | undefined): Problem[] {
	if (difference?.first === undefined) return [];
	const { text, first, count } = difference;
	const what = `it is not of the same run of depmod as ${text}, since one of them lacks what the other has`;
	return [{ file, line: 0, message: explain(what, first, count) }];
}

type Dependencies = {
	readonly misfits: string[];
	/** As the lines spell them. */
	readonly paths: string[];
	/** Those that others depend on, as the lines spell them. */
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

/** Names that are no ASCII depmod may have left out, which it has said. */
function listUnknown(names: Iterable<string>, known: ReadonlySet<string>): string[] {
	return [...new Set(names)].filter((name) => !known.has(name) && isAscii(name));
}

function listAbsent(files: Files, place: ModulesPlace, paths: readonly string[]): string[] {
	return paths.filter((path) => !isThere(files, moduleFileIn(place, path)));
}
