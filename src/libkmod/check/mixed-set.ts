// Whether depmod's files are those of one run: one that was killed between two renames, or two that ran at once, leave some of the
// one and some of the other. What gives that away is what is left of the files still to be put there, and what two files say
// of the same thing.

import { ALWAYS_MADE, isDraft, isTimeOfRun } from "../depmod/publication.js";
import type { IndexEntry } from "../formats/index-file.js";
import { bounds } from "../kernel/bounds.js";
import type { Files, Problem } from "../kernel/kernel.js";
import { ifReadable } from "../kernel/presence.js";
import type { IndexKind } from "../knowledge/indexes.js";
import { isAscii } from "../text/byte-strings.js";
import { normaliseAlias } from "../text/module-name.js";

/** One look into the directory, and one at each file: what is in them is not read. */
export function findMixture(files: Files, moduleDirectory: string): Problem | undefined {
	return findUnfinished(files, moduleDirectory) ?? findOtherRun(files, moduleDirectory);
}

/** What our depmod has made in one run bears one time, which no other program gives. */
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

/** A depmod that is at work leaves nothing when it has ended. */
function findUnfinished(files: Files, moduleDirectory: string): Problem | undefined {
	const draft = ifReadable(() => files.list(moduleDirectory))?.find(isDraft);
	return draft === undefined
		? undefined
		: {
				file: `${moduleDirectory}/${draft}`,
				line: 0,
				message: "a depmod left this when it was interrupted, or is at work: files may be of two runs; run depmod",
			};
}

/** What a text and an index that is made with it say, in the same words. */
type Pair = {
	readonly text: string;
	/** Undefined for a line that the index passes over. */
	readonly ofLine: (line: string) => string | undefined;
	/** As many lines as the entry has in the text. */
	readonly ofEntry: (entry: IndexEntry) => readonly string[];
};

const PAIRS: Readonly<Partial<Record<IndexKind, Pair>>> = {
	dependencies: { text: "modules.dep", ofLine: (line) => line, ofEntry: ({ value }) => linesOf(value) },
	aliases: { text: "modules.alias", ofLine: (line) => wordsOf(line, normaliseAlias), ofEntry: nameEntry },
	symbols: { text: "modules.symbols", ofLine: (line) => wordsOf(line, (key) => key), ofEntry: nameEntry },
};

/** As depmod cuts keys off in an index. */
const LONGEST_KEY = 4095;

function nameEntry({ key, value }: IndexEntry): readonly string[] {
	return [`${key} ${value}`];
}

/** Of `alias KEY MODULE`. */
function wordsOf(line: string, normalise: (key: string) => string | undefined): string | undefined {
	const [, alias = "", module = ""] = /^alias (.*) ([^ ]*)$/.exec(line) ?? [];
	const key = normalise(alias)?.slice(0, LONGEST_KEY);
	return key === undefined || key === "" ? undefined : `${key} ${module}`;
}

/** What only one of an index and its text has: the first, and how many. */
export type Difference = { readonly text: string; readonly first: string | undefined; readonly count: number };

export type Comparison = {
	meet(entry: IndexEntry): void;
	/** Once all entries were met. */
	end(): Difference;
};

/** Undefined where an index has no text, or that is not there or cannot be read. No more is kept than the text has. */
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
			// What is no ASCII depmod may have left out of the index.
			const lost = [...unmet].filter(isAscii);
			return { text, first: first ?? lost[0], count: count + lost.length };
		},
	};
}

/** The modules that a file's lines are about. @param place which word of a line is the module */
export function listModulesOfText(files: Files, path: string, place: 0 | 1): readonly string[] {
	return linesOf(readText(files, path) ?? "").map((line) => line.split(" ", place + 1)[place] ?? "");
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

function readText(files: Files, path: string): string | undefined {
	return ifReadable(() => files.read(path, bounds.index))?.toString("latin1");
}
