// What is known of a kernel's modules before any is loaded: depmod's indexes and modprobe's configuration, arranged for
// quick answers. A value: nothing here changes once it is made.

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
	/** As modules.dep spells it, below the module directory unless it is absolute. */
	readonly path: string;
	/** Names of all modules it needs, those first that need nothing of the others behind them. */
	readonly dependencies: readonly string[];
};

export type Knowledge = {
	/** Such as /lib/modules/6.1.0-56-amd64. */
	readonly moduleDirectory: string;
	/** Where it is another machine's, that one's root: absolute paths in the indexes are below it. */
	readonly root?: string;
	readonly indexes: Indexes;
	readonly configuration: ModprobeConfig;
	readonly problems: ConfigurationRead["problems"];
	/** The configuration files read, in the order they count. */
	readonly read: readonly string[];
	blacklisted(module: string): Source | undefined;
	/** Of `options` lines for this module or for the alias it was asked by, in any spelling, joined by spaces; kernel command line last. */
	options(module: string, alias?: string): string;
	installCommand(module: string): CommandLine | undefined;
	removeCommand(module: string): CommandLine | undefined;
	/** Whether {@link KnowledgeOptions.honourEveryLine} was asked for. */
	readonly honourEveryLine: boolean;
	/** The softdep lines of a module that count: its first, or every one. */
	softdeps(module: string): readonly SoftdepLine[];
	/** The others: those that would change something if they counted. */
	unheededSoftdeps(module: string): readonly SoftdepLine[];
	/** The module's first weakdep line. */
	weakdep(module: string): WeakdepLine | undefined;
	/** The line that keeps a module, and all that needs it, out of every plan: a rule of the agent's, since kmod has no such line. */
	masked?(module: string): Source | undefined;
	file(module: string): ModuleFile | undefined;
	isBuiltin(module: string): boolean;
	/** Set where nothing is known: then there is no module, no alias and no configuration. */
	readonly lacking?: Lacking;
};

/** Why nothing could be read. */
export type Lacking = {
	/** For people, in one sentence. */
	readonly why: string;
	/** Files are "unusable" until they change, "refused" maybe for a moment only; or the kernel makes it "impossible". */
	readonly kind: "unusable" | "refused" | "impossible";
};

export type KnowledgeOptions = {
	readonly moduleDirectory: string;
	/** Another machine's root, in which the directories of the configuration are. */
	readonly root?: string;
	/** Files or directories in place of the five modprobe.d directories. */
	readonly configPaths?: readonly string[];
	/** The text of /proc/cmdline. */
	readonly kernelCommandLine?: string;
	/** The file that has it, in place of the text. Where it is absent the kernel has none. */
	readonly commandLineFile?: string;
	/**
	 * Two lines of modprobe.d that kmod leaves unheeded count after all: a module's second softdep line, and the `install`
	 * command of a module that has softdeps.
	 */
	readonly honourEveryLine?: boolean;
};

/** @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal} */
export function readKnowledge(files: Files, options: KnowledgeOptions): Knowledge {
	const indexes = readIndexes(files, options.moduleDirectory);
	const { root = "", moduleDirectory, honourEveryLine } = options;
	const directories = modprobeDirectories.map((directory) => root + directory);
	const configuration = readConfiguration(files, { ...options, directories });
	return { ...makeKnowledge(moduleDirectory, indexes, configuration, honourEveryLine), ...(root !== "" && { root }) };
}

/** Of a machine on which there is nothing to look in. */
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

/** The lines whose pattern matches, by a table for the patterns without wildcards, which nearly all are. */
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

/** The lines behind the first that name something the first does not. */
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
