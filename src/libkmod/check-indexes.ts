// Whether depmod's indexes of a module directory can be trusted: each whole, all of them of one run of depmod, and of the module
// files that are there. What a look-up would never meet is looked at too.
import { parseDependencyLine } from "./formats/dependency-line.js";
import { type IndexEntry, listEntries, MalformedIndex, openIndex } from "./formats/index-file.js";
import { type IndexKind, indexNames } from "./indexes.js";
import { type Files, type Problem, Refusal } from "./kernel.js";
import { normaliseModuleName } from "./module-name.js";

export type IndexCheck = {
	readonly problems: readonly Problem[];
	/** The indexes that are there. */
	readonly read: readonly string[];
};

/** What could be read of the indexes that have to fit each other. That of builtin aliases names more than modules.builtin. */
type Entries = { readonly [Kind in "dependencies" | "aliases" | "symbols"]: readonly IndexEntry[] | undefined };

export function checkIndexes(files: Files, moduleDirectory: string): IndexCheck {
	const problems: Problem[] = [];
	const read: string[] = [];
	const readAll = (kind: IndexKind): readonly IndexEntry[] | undefined => {
		const file = `${moduleDirectory}/${indexNames[kind]}`;
		const { entries, problem } = readEntries(files, file, kind === "builtinAliases");
		if (problem !== undefined) problems.push({ file, line: 0, message: problem });
		else read.push(file);
		return entries;
	};
	const entries: Entries = {
		dependencies: readAll("dependencies"),
		aliases: readAll("aliases"),
		symbols: readAll("symbols"),
	};
	readAll("builtins");
	readAll("builtinAliases");
	problems.push(...checkTogether(files, moduleDirectory, entries));
	return { problems, read };
}

/** One index, read to its end: what is wrong with it. */
export function checkIndex(files: Files, file: string): string | undefined {
	return readEntries(files, file, false).problem;
}

type Read = { readonly entries?: readonly IndexEntry[]; readonly problem?: string };

/** @param optional older depmods and kernels have none, or leave it without even a header. */
function readEntries(files: Files, file: string, optional: boolean): Read {
	try {
		const bytes = files.read(file);
		if (optional && (bytes === undefined || bytes.length === 0)) return { entries: [] };
		if (bytes === undefined) return { problem: "there is no such file: run depmod" };
		return { entries: [...listEntries(openIndex(file, bytes))] };
	} catch (error) {
		if (error instanceof MalformedIndex) return { problem: error.message.replace(`${file} `, "") };
		if (error instanceof Refusal) return { problem: `cannot be read (${error.code})` };
		throw error;
	}
}

/** As far as both of two indexes could be read. */
function checkTogether(files: Files, directory: string, entries: Entries): Problem[] {
	const { dependencies, aliases, symbols } = entries;
	const problems: Problem[] = [];
	const tell = (kind: IndexKind, what: string, names: readonly string[]): void => {
		const [first] = names;
		if (first === undefined) return;
		const message = `${what}: ${first}${names.length > 1 ? ` and ${names.length - 1} more` : ""}; run depmod`;
		problems.push({ file: `${directory}/${indexNames[kind]}`, line: 0, message });
	};
	if (dependencies !== undefined) {
		const known = new Set(dependencies.map(({ key }) => key));
		const wrong = readDependencies(dependencies);
		tell("dependencies", "it has lines that do not fit the module they are of", wrong.misfits);
		tell("dependencies", "it lacks modules that others depend on", listUnknown(wrong.needed, known));
		tell("dependencies", "it has modules whose files are not there", listAbsent(files, directory, wrong.paths));
		tell("dependencies", "it lacks modules whose files are there", listUnknown(findModules(files, directory), known));
		const lacking = (found: readonly IndexEntry[] = []) =>
			listUnknown(
				found.map(({ value }) => value),
				known,
			);
		tell("aliases", `it has modules that ${indexNames.dependencies} lacks`, lacking(aliases));
		tell("symbols", `it has modules that ${indexNames.dependencies} lacks`, lacking(symbols));
	}
	return problems;
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
		read.needed.push(...line.dependencies.map(normaliseModuleName));
	}
	return read;
}

function listUnknown(names: readonly string[], known: ReadonlySet<string>): string[] {
	return [...new Set(names)].filter((name) => !known.has(name));
}

function listAbsent(files: Files, directory: string, paths: readonly string[]): string[] {
	return paths.filter((path) => !isThere(files, path.startsWith("/") ? path : `${directory}/${path}`));
}

function isThere(files: Files, path: string): boolean {
	try {
		return files.stamp(path) !== undefined;
	} catch (error) {
		if (error instanceof Refusal) return false;
		throw error;
	}
}

/** Where the kernel was built, which depmod passes over too, and what depmod itself has written. */
const NOT_MODULES = /^(?:build|source|modules\..*)$/;
/** Links may lead in circles. */
const DEEPEST = 32;

/** Names of the modules whose files lie below the directory; several of one name are one. */
function findModules(files: Files, directory: string): string[] {
	const found: string[] = [];
	const look = (path: string, depth: number): void => {
		for (const name of listDirectory(files, path)) {
			if (/\.ko(?:\.gz|\.xz|\.zst)?$/.test(name)) found.push(normaliseModuleName(name));
			else if (depth < DEEPEST && !(depth === 0 && NOT_MODULES.test(name))) look(`${path}/${name}`, depth + 1);
		}
	};
	look(directory, 0);
	return found;
}

/** None of what is no directory. */
function listDirectory(files: Files, path: string): readonly string[] {
	try {
		return files.list(path) ?? [];
	} catch (error) {
		if (error instanceof Refusal) return [];
		throw error;
	}
}
