// Checks whether depmod's files come from one run. A depmod that is killed between two renames, or two depmods at once, leave a
// mixture of two runs. The signs of a mixture are drafts that were not renamed, and files that disagree about the same fact.

import { ALWAYS_MADE, isDraft, isTimeOfRun } from "../depmod/publication.js";
import type { IndexEntry } from "../formats/index-file.js";
import { bounds } from "../kernel/bounds.js";
import type { Files, Problem } from "../kernel/kernel.js";
import { ifReadable } from "../kernel/presence.js";
import type { IndexKind } from "../knowledge/indexes.js";
import { isAscii } from "../text/byte-strings.js";
import { normaliseAlias } from "../text/module-name.js";

/** Finds a mixture by the names and times of the files. Reads no contents. */
export function findMixture(files: Files, moduleDirectory: string): Problem | undefined {
	return findUnfinished(files, moduleDirectory) ?? findOtherRun(files, moduleDirectory);
}

/** Our depmod gives all files of one run the same modification time, which no other program does. */
function findOtherRun(files: Files, moduleDirectory: string): Problem | undefined {
	const times = ALWAYS_MADE.flatMap((name) => {
		const time = ifReadable(() => files.modified?.(`${moduleDirectory}/${name}`));
		return time === undefined ? [] : [{ name, time }];
	});
	const sign = times.find(({ time }) => isTimeOfRun(time));
	const other = times.find(({ time }) => time !== sign?.time);
	if (sign === undefined || other === undefined) return undefined;
	const message = `it is not of the same run of depmod as ${sign.name}; run depmod`;
	return { file: `${moduleDirectory}/${other.name}`, line: 0, message };
}

/** Finds drafts: a depmod that has ended normally leaves none. */
function findUnfinished(files: Files, moduleDirectory: string): Problem | undefined {
	const draft = ifReadable(() => files.list(moduleDirectory))?.find(isDraft);
	return draft === undefined
		? undefined
		: {
				file: `${moduleDirectory}/${draft}`,
				line: 0,
				message:
					"a depmod that was interrupted left this draft, or a depmod is at work: files may be of two runs; run depmod",
			};
}

/** How to compare a text file with the index that depmod makes with it: both are turned into the same lines. */
type Pair = {
	readonly text: string;
	/** The comparable line. Undefined for a line that the index omits. */
	readonly ofLine: (line: string) => string | undefined;
	/** The comparable lines: as many as the entry has in the text. */
	readonly ofEntry: (entry: IndexEntry) => readonly string[];
};

const PAIRS: Readonly<Partial<Record<IndexKind, Pair>>> = {
	dependencies: { text: "modules.dep", ofLine: (line) => line, ofEntry: ({ value }) => linesOf(value) },
	aliases: { text: "modules.alias", ofLine: (line) => wordsOf(line, normaliseAlias), ofEntry: nameEntry },
	symbols: { text: "modules.symbols", ofLine: (line) => wordsOf(line, (key) => key), ofEntry: nameEntry },
};

/** Characters. depmod truncates the keys of an index to this length. */
const LONGEST_KEY_BYTES = 4095;

function nameEntry({ key, value }: IndexEntry): readonly string[] {
	return [`${key} ${value}`];
}

/** The key and module of a line `alias KEY MODULE`. */
function wordsOf(line: string, normalise: (key: string) => string | undefined): string | undefined {
	const [, alias = "", module = ""] = /^alias (.*) ([^ ]*)$/.exec(line) ?? [];
	const key = normalise(alias)?.slice(0, LONGEST_KEY_BYTES);
	return key === undefined || key === "" ? undefined : `${key} ${module}`;
}

/** The lines that only one of an index and its text has: the first, and the count. */
export type Difference = { readonly text: string; readonly first: string | undefined; readonly count: number };

export type Comparison = {
	meet(entry: IndexEntry): void;
	/** The difference. Call it after all entries were met. */
	end(): Difference;
};

/**
 * Compares an index with its text, entry by entry. Undefined when the index has no text file, or the text does not exist or
 * cannot be read. Memory is bounded by the size of the text.
 */
export function compareWithText(files: Files, moduleDirectory: string, kind: IndexKind): Comparison | undefined {
	const pair = PAIRS[kind];
	if (pair === undefined) return undefined;
	const { text, ofLine, ofEntry } = pair;
	const content = readText(files, `${moduleDirectory}/${text}`);
	if (content === undefined) return undefined;
	const inText = new Set(linesOf(content).flatMap((line) => ofLine(line) ?? []));
	const unmet = new Set(inText);
	let first: string | undefined;
	let count = 0;
	return {
		meet(entry) {
			for (const words of ofEntry(entry)) {
				if (unmet.delete(words) || inText.has(words)) continue;
				first ??= words;
				count++;
			}
		},
		end() {
			// depmod may have left keys that are not ASCII out of the index.
			const lost = [...unmet].filter(isAscii);
			return { text, first: first ?? lost[0], count: count + lost.length };
		},
	};
}

/** The module names in the lines of a file. @param place the place of the module's name in a line */
export function listModulesOfText(files: Files, path: string, place: 0 | 1): readonly string[] {
	return linesOf(readText(files, path) ?? "").map((line) => line.split(" ", place + 1)[place] ?? "");
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

function readText(files: Files, path: string): string | undefined {
	return ifReadable(() => files.read(path, bounds.index))?.toString("latin1");
}
