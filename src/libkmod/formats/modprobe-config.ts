// modprobe.d(5): the lines of one configuration file. modules.softdep and modules.weakdep have the same format. Joined lines,
// comments, separators and the spelling of keys follow kmod. A bad line is a problem, in kmod's words, and the other lines
// count.

import type { Problem } from "../kernel/kernel.js";
import type { WholeNumber } from "../kernel/whole-number.js";
import { normaliseAlias } from "../text/module-name.js";
import { joinedLines } from "./joined-lines.js";

/** The place of a line, which counts from 1. Line 0 is the kernel command line. */
export type Source = { readonly file: string; readonly line: WholeNumber };

export function formatSource({ file, line }: Source): string {
	return line === 0 ? "the kernel command line" : `${file} line ${line}`;
}

/** The same in one word: FILE:LINE, as compilers write it. The file alone where it has no lines: /proc/cmdline, or an index. */
export function formatFileLine({ file, line }: Source): string {
	return line === 0 ? file : `${file}:${line}`;
}

export type AliasLine = {
	/** A name or a pattern of names. */
	readonly pattern: string;
	/** The module that the pattern stands for. */
	readonly module: string;
	readonly source: Source;
};
export type BlacklistLine = { readonly module: string; readonly source: Source };
export type OptionsLine = {
	/** The module, or an alias by which the module is asked for. */
	readonly module: string;
	/** The module's parameters. */
	readonly options: string;
	readonly source: Source;
};
export type CommandLine = {
	/** A name or a pattern of names. */
	readonly pattern: string;
	/** The command that is run in place of an insertion or a removal. */
	readonly command: string;
	readonly source: Source;
};
export type SoftdepLine = {
	/** A name or a pattern of names. */
	readonly pattern: string;
	/** Names or aliases, as spelled, of modules to be inserted before the module. */
	readonly pre: readonly string[];
	/** Names or aliases, as spelled, of modules to be inserted after the module. */
	readonly post: readonly string[];
	readonly source: Source;
};
export type WeakdepLine = {
	/** A name or a pattern of names. */
	readonly pattern: string;
	/** The modules that the module may request by itself. */
	readonly modules: readonly string[];
	readonly source: Source;
};

/** All lines in the order they were read, repeats included. The reader of a line decides which of the repeats count. */
export type ModprobeConfig = {
	readonly aliases: readonly AliasLine[];
	readonly blacklist: readonly BlacklistLine[];
	readonly options: readonly OptionsLine[];
	readonly install: readonly CommandLine[];
	readonly remove: readonly CommandLine[];
	readonly softdeps: readonly SoftdepLine[];
	readonly weakdeps: readonly WeakdepLine[];
};

type Growing = { -readonly [Kind in keyof ModprobeConfig]: ModprobeConfig[Kind][number][] };

const empty = (): Growing => ({
	aliases: [],
	blacklist: [],
	options: [],
	install: [],
	remove: [],
	softdeps: [],
	weakdeps: [],
});

/**
 * Parses one file. A problem's line number is kmod's: for joined lines, the last one. A source's line number is the first one.
 * A backslash before any character but a line's end is dropped, as in kmod.
 */
export function parseModprobeConfig(file: string, text: string): { value: ModprobeConfig; problems: Problem[] } {
	const value = empty();
	const problems: Problem[] = [];
	for (const { line, first, last } of joinedLines(text)) {
		const mistake = parseLine(value, line, { file, line: first });
		if (mistake !== undefined) problems.push({ file, line: last, ...mistake });
	}
	return { value, problems };
}

/** Concatenates configurations: the lines of the first one come first. */
export function mergeModprobeConfigs(configs: readonly ModprobeConfig[]): ModprobeConfig {
	return {
		aliases: configs.flatMap(({ aliases }) => aliases),
		blacklist: configs.flatMap(({ blacklist }) => blacklist),
		options: configs.flatMap(({ options }) => options),
		install: configs.flatMap(({ install }) => install),
		remove: configs.flatMap(({ remove }) => remove),
		softdeps: configs.flatMap(({ softdeps }) => softdeps),
		weakdeps: configs.flatMap(({ weakdeps }) => weakdeps),
	};
}

/** Adds a line to the configuration. Returns false when the line is incomplete. */
type Directive = (config: Growing, key: string, rest: string, source: Source) => boolean;

const directives: ReadonlyMap<string, Directive> = new Map<string, Directive>([
	["alias", addAlias],
	["blacklist", (config, module, _rest, source) => add(config.blacklist, { module, source })],
	["options", addOptions],
	["install", (config, ...line) => addCommand(config.install, ...line)],
	["remove", (config, ...line) => addCommand(config.remove, ...line)],
	["softdep", addSoftdep],
	["weakdep", addWeakdep],
]);

/** Parses a line. Returns what is wrong with it, or undefined. */
function parseLine(config: Growing, line: string, source: Source): Pick<Problem, "message" | "kind"> | undefined {
	if (line === "" || line[0] === "#") return undefined;
	const { word, rest } = takeWord(line);
	if (word === "") return undefined;
	if (word === "include" || word === "config")
		return { message: `command ${word} is deprecated and not parsed anymore`, kind: "deprecated" };
	const directive = directives.get(word);
	const { word: key, rest: value } = takeWord(rest);
	const normalised = key === "" ? undefined : normaliseAlias(key);
	if (directive !== undefined && normalised !== undefined && directive(config, normalised, value, source))
		return undefined;
	return { message: `ignoring bad line starting with '${word}'` };
}

function add<Line>(lines: Line[], line: Line): true {
	lines.push(line);
	return true;
}

function addAlias(config: Growing, pattern: string, rest: string, source: Source): boolean {
	const { word } = takeWord(rest);
	const module = word === "" ? undefined : normaliseAlias(word);
	return module !== undefined && add(config.aliases, { pattern, module, source });
}

function addOptions(config: Growing, module: string, rest: string, source: Source): boolean {
	return rest !== "" && add(config.options, { module, options: rest.replaceAll("\t", " "), source });
}

function addCommand(lines: CommandLine[], pattern: string, command: string, source: Source): boolean {
	return command !== "" && add(lines, { pattern, command, source });
}

function addSoftdep(config: Growing, pattern: string, rest: string, source: Source): boolean {
	const pre: string[] = [];
	const post: string[] = [];
	// Words before the first `pre:` or `post:` are ignored.
	let list: string[] = [];
	for (const word of words(rest)) {
		if (word === "pre:") list = pre;
		else if (word === "post:") list = post;
		else list.push(word);
	}
	return rest !== "" && add(config.softdeps, { pattern, pre, post, source });
}

function addWeakdep(config: Growing, pattern: string, rest: string, source: Source): boolean {
	return rest !== "" && add(config.weakdeps, { pattern, modules: words(rest), source });
}

function words(text: string): string[] {
	return text.split(/[\t-\r ]+/).filter((word) => word !== "");
}

/** The first word, and the text after the one blank that ends it. */
function takeWord(text: string): { word: string; rest: string } {
	let start = 0;
	while (isBlank(text, start)) start++;
	let end = start;
	while (end < text.length && !isBlank(text, end)) end++;
	return { word: text.slice(start, end), rest: text.slice(end + 1) };
}

function isBlank(text: string, at: number): boolean {
	return text[at] === " " || text[at] === "\t";
}
