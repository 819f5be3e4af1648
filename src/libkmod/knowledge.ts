// What is known of a kernel's modules before any is loaded: depmod's indexes and modprobe's configuration, arranged for
// quick answers. A value: nothing here changes once it is made.
import { type ConfigurationRead, readConfiguration } from "./configuration.js";
import { parseDependencyLine } from "./formats/dependency-line.js";
import { findExact, type IndexFile, openIndex } from "./formats/index-file.js";
import type { ModprobeConfig, Source } from "./formats/modprobe-config.js";
import type { Files } from "./kernel.js";
import { normaliseAlias, normaliseModuleName } from "./module-name.js";
import { matchesWildcard } from "./wildcard.js";

export type ModuleFile = {
	/** As modules.dep spells it, below the module directory unless it is absolute. */
	readonly path: string;
	/** Names of all modules it needs, those first that need nothing of the others behind them. */
	readonly dependencies: readonly string[];
};

export type Indexes = {
	readonly dependencies: IndexFile;
	readonly aliases: IndexFile;
	readonly symbols: IndexFile;
	readonly builtins: IndexFile;
	/** Kernels before 5.1 and older depmods have none. */
	readonly builtinAliases: IndexFile | undefined;
};

export type Knowledge = {
	/** Such as /lib/modules/6.1.0-56-amd64. */
	readonly moduleDirectory: string;
	readonly indexes: Indexes;
	readonly configuration: ModprobeConfig;
	readonly problems: ConfigurationRead["problems"];
	/** The configuration files read, in the order they count. */
	readonly read: readonly string[];
	blacklisted(module: string): Source | undefined;
	/** Of `options` lines for this module or for the alias it was asked by, in any spelling, joined by spaces; kernel command line last. */
	options(module: string, alias?: string): string;
	installCommand(module: string): { readonly command: string; readonly source: Source } | undefined;
	/** The module's first softdep line. */
	softdep(module: string): ModprobeConfig["softdeps"][number] | undefined;
	file(module: string): ModuleFile | undefined;
	isBuiltin(module: string): boolean;
};

export type KnowledgeOptions = {
	readonly moduleDirectory: string;
	/** Files or directories in place of the five modprobe.d directories. */
	readonly configPaths?: readonly string[];
	/** The text of /proc/cmdline. */
	readonly kernelCommandLine?: string;
};

/** There is no usable set of indexes: which file, and why. */
export class MissingIndexes extends Error {
	override readonly name = "MissingIndexes";
	readonly moduleDirectory: string;
	constructor(moduleDirectory: string, missing: string) {
		super(`${moduleDirectory} has no ${missing}`);
		this.moduleDirectory = moduleDirectory;
	}
}

/** @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal} */
export function readKnowledge(files: Files, options: KnowledgeOptions): Knowledge {
	const indexes = readIndexes(files, options.moduleDirectory);
	const { value, problems, read } = readConfiguration(files, options);
	return makeKnowledge(options.moduleDirectory, indexes, { value, problems, read });
}

function readIndexes(files: Files, directory: string): Indexes {
	const open = (name: string): IndexFile | undefined => {
		const path = `${directory}/${name}`;
		const bytes = files.read(path);
		return bytes && openIndex(path, bytes);
	};
	const need = (name: string): IndexFile => {
		const index = open(name);
		if (index === undefined) throw new MissingIndexes(directory, name);
		return index;
	};
	return {
		dependencies: need("modules.dep.bin"),
		aliases: need("modules.alias.bin"),
		symbols: need("modules.symbols.bin"),
		builtins: need("modules.builtin.bin"),
		builtinAliases: open("modules.builtin.alias.bin"),
	};
}

export function makeKnowledge(moduleDirectory: string, indexes: Indexes, read: ConfigurationRead): Knowledge {
	const configuration = read.value;
	const blacklist = new Map(configuration.blacklist.map(({ module, source }) => [module, source]));
	const options = groupBy(configuration.options, ({ module }) => module);
	const softdep = firstMatch(configuration.softdeps);
	const installCommand = firstMatch(configuration.install);
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
		installCommand,
		softdep,
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

/** First line whose pattern matches, by a table for the patterns without wildcards, which nearly all are. */
function firstMatch<Line extends { readonly pattern: string }>(lines: readonly Line[]) {
	const exact = new Map<string, number>();
	const wild: number[] = [];
	lines.forEach(({ pattern }, place) => {
		if (/[*?[\\]/.test(pattern)) wild.push(place);
		else if (!exact.has(pattern)) exact.set(pattern, place);
	});
	return (module: string): Line | undefined => {
		const place = exact.get(module) ?? lines.length;
		const earlier = wild.find((other) => other < place && matchesWildcard(lines[other]!.pattern, module));
		return lines[earlier ?? place];
	};
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
