// depmod.d(5): the choice among modules of one name, further directories to search, names to exclude. Lines are joined and
// separated as in modprobe.d. A bad line is a problem in depmod's words, and the other lines count.

import type { Problem } from "../kernel/kernel.js";
import { joinedLines } from "./joined-lines.js";

/** `release` is "*" or a POSIX extended regular expression, which may match anywhere in the kernel's release. */
export type OverrideLine = { readonly module: string; readonly release: string; readonly directory: string };
export type ExternalLine = { readonly release: string; readonly directory: string };

/** The lines of all files in the order they were read. */
export type DepmodConfig = {
	/** Directories below the module directory, "built-in" (all others) and "external", in order of precedence. */
	readonly search: readonly string[];
	readonly overrides: readonly OverrideLine[];
	readonly externals: readonly ExternalLine[];
	/** Names of files and directories to ignore. */
	readonly excludes: readonly string[];
};

type Growing = { -readonly [Kind in keyof DepmodConfig]: DepmodConfig[Kind][number][] };

/** Parses one file. A problem's line number is depmod's: for joined lines, the last one. */
export function parseDepmodConfig(file: string, text: string): { value: DepmodConfig; problems: Problem[] } {
	const value: Growing = { search: [], overrides: [], externals: [], excludes: [] };
	const problems: Problem[] = [];
	for (const { line, last } of joinedLines(text)) {
		const [word, ...rest] = line.startsWith("#") ? [] : line.split(/[ \t]+/).filter((part) => part !== "");
		if (word === undefined || addLine(value, word, rest)) continue;
		problems.push({ file, line: last, message: `ignoring bad line starting with '${word}'` });
	}
	return { value, problems };
}

function addLine(config: Growing, word: string, rest: string[]): boolean {
	const [first, second, third] = rest;
	if (word === "search") for (const place of rest) config.search.push(place);
	else if (word === "exclude") for (const name of rest) config.excludes.push(name);
	else if (word === "override" && first !== undefined && second !== undefined && third !== undefined)
		config.overrides.push({ module: first, release: second, directory: third });
	else if (word === "external" && first !== undefined && second !== undefined)
		config.externals.push({ release: first, directory: second });
	else return word === "include" || word === "make_map_files";
	return true;
}

/** Concatenates the lines of several files. */
export function mergeDepmodConfigs(configs: readonly DepmodConfig[]): DepmodConfig {
	return {
		search: configs.flatMap(({ search }) => search),
		overrides: configs.flatMap(({ overrides }) => overrides),
		externals: configs.flatMap(({ externals }) => externals),
		excludes: configs.flatMap(({ excludes }) => excludes),
	};
}

/** The lines that apply to one kernel release. An invalid regular expression matches no release. */
export function forRelease(config: DepmodConfig, release: string): DepmodConfig {
	const applies = (line: { readonly release: string }) => matchesRelease(line.release, release);
	return {
		...config,
		overrides: config.overrides.filter(applies),
		externals: config.externals.filter(applies),
	};
}

function matchesRelease(pattern: string, release: string): boolean {
	if (pattern === "*") return true;
	const expression = pattern.replace(/\[:([a-z]+):\]/g, (whole, name: string) => CHARACTER_CLASSES[name] ?? whole);
	try {
		return new RegExp(expression).test(release);
	} catch {
		return false;
	}
}

// POSIX character classes, which JavaScript lacks, as the contents of a bracket expression.
const CHARACTER_CLASSES: Readonly<Record<string, string>> = {
	alnum: "0-9A-Za-z",
	alpha: "A-Za-z",
	digit: "0-9",
	lower: "a-z",
	punct: "!-\\/:-@\\[-`{-~",
	space: "\\t-\\r ",
	upper: "A-Z",
	xdigit: "0-9A-Fa-f",
};
