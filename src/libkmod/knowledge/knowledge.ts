// The knowledge of a kernel's modules before any is loaded: depmod's indexes and modprobe's configuration, arranged for fast
// look-ups. An immutable value.

import { parseDependencyLine } from "../formats/dependency-line.js";
import { findExact, type IndexFile } from "../formats/index-file.js";
import {
	type CommandLine,
	type ModprobeConfig,
	mergeModprobeConfigs,
	type SoftdepLine,
	type Source,
	type WeakdepLine,
} from "../formats/modprobe-config.js";
import type { Files } from "../kernel/kernel.js";
import { normaliseAlias, normaliseModuleName } from "../text/module-name.js";
import { matchesWildcard } from "../text/wildcard.js";
import { type ConfigurationRead, modprobeDirectories, readConfiguration } from "./configuration.js";
import { emptyIndexes, type Indexes, readIndexes } from "./indexes.js";

export { type Indexes, MissingIndexes } from "./indexes.js";

export type ModuleFile = {
	/** As spelled in modules.dep: relative to the module directory, or absolute. */
	readonly path: string;
	/** Names of all transitive dependencies, in topological order: each after its own dependencies. */
	readonly dependencies: readonly string[];
};

export type Knowledge = {
	/** Such as /lib/modules/6.1.0-56-amd64. */
	readonly moduleDirectory: string;
	/** Set for another machine's file system: the root below which absolute paths in the indexes lie. */
	readonly root?: string;
	readonly indexes: Indexes;
	readonly configuration: ModprobeConfig;
	readonly problems: ConfigurationRead["problems"];
	/** The configuration files that were read, in the order in which they count. */
	readonly read: readonly string[];
	blacklisted(module: string): Source | undefined;
	/**
	 * The parameters of all `options` lines for this module or for the alias that led to it (in any spelling), joined by
	 * spaces. Those of the kernel command line come last.
	 */
	options(module: string, alias?: string): string;
	installCommand(module: string): CommandLine | undefined;
	removeCommand(module: string): CommandLine | undefined;
	/** Whether {@link KnowledgeOptions.honourEveryLine} was asked for. */
	readonly honourEveryLine: boolean;
	/** The softdep lines that count for a module: the first, or every one with honourEveryLine. */
	softdeps(module: string): readonly SoftdepLine[];
	/** The softdep lines that do not count for a module, but would change something if they did. */
	unheededSoftdeps(module: string): readonly SoftdepLine[];
	/** The module's first weakdep line. */
	weakdep(module: string): WeakdepLine | undefined;
	/**
	 * The line that keeps a module, and all modules that need it, out of every plan. A rule of the agent, since kmod has no
	 * such line.
	 */
	masked?(module: string): Source | undefined;
	file(module: string): ModuleFile | undefined;
	isBuiltin(module: string): boolean;
	/** Set when nothing could be read: then there is no module, no alias and no configuration. */
	readonly lacking?: Lacking;
};

/** Why nothing could be read. */
export type Lacking = {
	/** The reason, for people, in one sentence. */
	readonly why: string;
	/** "unusable": until the files change. "refused": maybe for a moment only. "impossible": the kernel cannot load modules. */
	readonly kind: "unusable" | "refused" | "impossible";
};

export type KnowledgeOptions = {
	readonly moduleDirectory: string;
	/** Another machine's root, below which the directories of the configuration lie. */
	readonly root?: string;
	/** Files or directories that replace the five modprobe.d directories. */
	readonly configPaths?: readonly string[];
	/** The text of /proc/cmdline. */
	readonly kernelCommandLine?: string;
	/** The file with the kernel command line, in place of the text. An absent file means no kernel command line. */
	readonly commandLineFile?: string;
	/**
	 * Whether two kinds of modprobe.d lines that kmod ignores count after all: a module's second and later softdep lines, and
	 * the `install` command of a module that has softdeps.
	 */
	readonly honourEveryLine?: boolean;
};

/** Reads the indexes and the configuration. @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal} */
export function readKnowledge(files: Files, options: KnowledgeOptions): Knowledge {
	const indexes = readIndexes(files, options.moduleDirectory);
	const { root = "", moduleDirectory, honourEveryLine } = options;
	const directories = modprobeDirectories.map((directory) => root + directory);
	const configuration = readConfiguration(files, { ...options, directories });
	return { ...makeKnowledge(moduleDirectory, indexes, configuration, honourEveryLine), ...(root !== "" && { root }) };
}

/** The knowledge of a machine on which nothing could be read. */
export function knowNothing(moduleDirectory: string, lacking: Lacking): Knowledge {
	const nothing = { value: mergeModprobeConfigs([]), problems: [], read: [] };
	return { ...makeKnowledge(moduleDirectory, emptyIndexes(moduleDirectory), nothing), lacking };
}

export function makeKnowledge(
	moduleDirectory: string,
	indexes: Indexes,
	read: ConfigurationRead,
	honourEveryLine = false,
): Knowledge {
	const configuration = read.value;
	const blacklist = new Map(configuration.blacklist.map(({ module, source }) => [module, source]));
	const options = groupBy(configuration.options, ({ module }) => module);
	const softdeps = allMatches(configuration.softdeps);
	const moduleFiles = new Map<string, ModuleFile | undefined>();
	return {
		moduleDirectory,
		indexes,
		configuration,
		problems: read.problems,
		read: read.read,
		blacklisted: (module) => blacklist.get(module),
		options(module, alias) {
			const own = options.get(module) ?? [];
			const asked = alias && normaliseAlias(alias);
			if (asked === undefined || asked === module || !options.has(asked))
				return own.map((line) => line.options).join(" ");
			const both = configuration.options.filter((line) => line.module === module || line.module === asked);
			return both.map((line) => line.options).join(" ");
		},
		installCommand: firstMatch(configuration.install),
		removeCommand: firstMatch(configuration.remove),
		honourEveryLine,
		softdeps: (module) => (honourEveryLine ? softdeps(module) : softdeps(module).slice(0, 1)),
		unheededSoftdeps: (module) => (honourEveryLine ? [] : listAdding(softdeps(module))),
		weakdep: firstMatch(configuration.weakdeps),
		file(module) {
			if (!moduleFiles.has(module)) moduleFiles.set(module, readModuleFile(indexes.dependencies, module));
			return moduleFiles.get(module);
		},
		isBuiltin: (module) => findExact(indexes.builtins, module) !== undefined,
	};
}

function readModuleFile(index: IndexFile, module: string): ModuleFile | undefined {
	const line = parseDependencyLine(findExact(index, module) ?? "");
	return line && { path: line.path, dependencies: line.dependencies.map(normaliseModuleName).reverse() };
}

/** The first line whose pattern matches. */
function firstMatch<Line extends { readonly pattern: string }>(lines: readonly Line[]) {
	const matches = allMatches(lines);
	return (module: string): Line | undefined => matches(module)[0];
}

const NONE: readonly never[] = [];

/**
 * Looks up the lines whose pattern matches a module, in their order. Patterns without wildcards, which nearly all are, are
 * looked up in a map.
 */
function allMatches<Line extends { readonly pattern: string }>(lines: readonly Line[]) {
	const numbered = lines.map((line, place) => ({ line, place }));
	const exact = groupBy(
		numbered.filter(({ line }) => !hasWildcard(line.pattern)),
		({ line }) => line.pattern,
	);
	const wild = numbered.filter(({ line }) => hasWildcard(line.pattern));
	return (module: string): readonly Line[] => {
		const named = exact.get(module);
		const fitting = wild.length === 0 ? NONE : wild.filter(({ line }) => matchesWildcard(line.pattern, module));
		if (named === undefined && fitting.length === 0) return NONE;
		return [...(named ?? NONE), ...fitting].sort((a, b) => a.place - b.place).map(({ line }) => line);
	};
}

function hasWildcard(pattern: string): boolean {
	return /[*?[\\]/.test(pattern);
}

/** The later lines that name a module the first line does not name. */
function listAdding([first, ...later]: readonly SoftdepLine[]): readonly SoftdepLine[] {
	if (first === undefined || later.length === 0) return NONE;
	const adds = (line: SoftdepLine): boolean =>
		line.pre.some((name) => !first.pre.includes(name)) || line.post.some((name) => !first.post.includes(name));
	return later.filter(adds);
}

function groupBy<Item, Key>(items: readonly Item[], key: (item: Item) => Key): Map<Key, Item[]> {
	const groups = new Map<Key, Item[]>();
	for (const item of items) {
		const group = groups.get(key(item));
		if (group) group.push(item);
		else groups.set(key(item), [item]);
	}
	return groups;
}
