// depmod's binary indexes of a module directory, modules.*.bin: their names, and reading them.

import { type IndexFile, MalformedIndex, openIndex } from "../formats/index-file.js";
import { bounds } from "../kernel/bounds.js";
import { HotplugdError } from "../kernel/errors.js";
import { type Files, type Problem, Refusal } from "../kernel/kernel.js";

export type Indexes = {
	readonly dependencies: IndexFile;
	readonly aliases: IndexFile;
	readonly symbols: IndexFile;
	readonly builtins: IndexFile;
	/** Undefined for kernels before 5.1 and older versions of depmod, which have no such index. */
	readonly builtinAliases: IndexFile | undefined;
	/**
	 * By index: why it cannot be searched, since it is absent, damaged or unreadable. Set when the other indexes are read all
	 * the same.
	 */
	readonly unusable?: ReadonlyMap<IndexKind, Unusable>;
};

export type IndexKind = Exclude<keyof Indexes, "unusable">;

export type Unusable = MissingIndexes | MalformedIndex | Refusal;

export const indexNames: Readonly<Record<IndexKind, string>> = {
	dependencies: "modules.dep.bin",
	aliases: "modules.alias.bin",
	symbols: "modules.symbols.bin",
	builtins: "modules.builtin.bin",
	builtinAliases: "modules.builtin.alias.bin",
};

/** The set of indexes is not usable: names the missing file. */
export class MissingIndexes extends HotplugdError {
	override readonly name = "MissingIndexes";
	override readonly code = "ERR_MISSING_INDEXES";
	/** The errno that libkmod returns. */
	readonly errnoName = "ENOENT";
	readonly moduleDirectory: string;
	/** The message without its advice. */
	readonly lacking: string;
	constructor(moduleDirectory: string, missing: string) {
		const lacking = `${moduleDirectory} has no ${missing}`;
		super(`${lacking}: run depmod there, or name the release of another kernel`);
		this.moduleDirectory = moduleDirectory;
		this.lacking = lacking;
	}
}

/** Reads all indexes. @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal} */
export function readIndexes(files: Files, directory: string): Indexes {
	const open = (kind: IndexKind) => readIndex(files, directory, kind);
	const need = (kind: IndexKind): IndexFile => {
		const index = open(kind);
		if (index === undefined) throw new MissingIndexes(directory, indexNames[kind]);
		return index;
	};
	return {
		dependencies: need("dependencies"),
		aliases: need("aliases"),
		symbols: need("symbols"),
		builtins: need("builtins"),
		builtinAliases: open("builtinAliases"),
	};
}

/**
 * Reads the indexes that can be read. A missing or damaged index counts as empty; a damaged or unreadable one is also a
 * problem.
 */
export function readIndexesLeniently(files: Files, directory: string, problems: Problem[]): Indexes {
	const unusable = new Map<IndexKind, Unusable>();
	const open = (kind: IndexKind): IndexFile => {
		const file = `${directory}/${indexNames[kind]}`;
		try {
			const index = readIndex(files, directory, kind);
			// Older versions of depmod make no index of built-in aliases.
			if (index === undefined && kind !== "builtinAliases")
				unusable.set(kind, new MissingIndexes(directory, indexNames[kind]));
			return index ?? emptyIndex(file);
		} catch (error) {
			if (!(error instanceof MalformedIndex || error instanceof Refusal)) throw error;
			unusable.set(kind, error);
			problems.push({ file, line: 0, message: explain(error) });
			return emptyIndex(file);
		}
	};
	return {
		dependencies: open("dependencies"),
		aliases: open("aliases"),
		symbols: open("symbols"),
		builtins: open("builtins"),
		builtinAliases: open("builtinAliases"),
		unusable,
	};
}

/**
 * Throws when one of these indexes is unusable: an empty search result would prove nothing.
 * @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal}
 */
export function needIndexes({ unusable }: Indexes, ...kinds: readonly IndexKind[]): void {
	for (const kind of kinds) {
		const why = unusable?.get(kind);
		if (why !== undefined) throw why;
	}
}

/** Indexes without entries. */
export function emptyIndexes(directory: string): Indexes {
	const empty = (kind: IndexKind): IndexFile => emptyIndex(`${directory}/${indexNames[kind]}`);
	return {
		dependencies: empty("dependencies"),
		aliases: empty("aliases"),
		symbols: empty("symbols"),
		builtins: empty("builtins"),
		builtinAliases: undefined,
	};
}

function readIndex(files: Files, directory: string, kind: IndexKind): IndexFile | undefined {
	const path = `${directory}/${indexNames[kind]}`;
	const bytes = files.read(path, bounds.index);
	// When the kernel's build has left no modules.builtin.modinfo, depmod writes this index as an empty file, even without a
	// header.
	if (bytes === undefined || (kind === "builtinAliases" && bytes.length === 0)) return undefined;
	return openIndex(path, bytes);
}

function emptyIndex(file: string): IndexFile {
	return { file, bytes: Buffer.alloc(0), root: 0, rootFirst: true };
}

function explain(error: MalformedIndex | Refusal): string {
	return error instanceof MalformedIndex ? error.message : `cannot be read (${error.why}), so nothing in it counts`;
}
