// The index and configuration files, which may change on disk: libkmod's "resources".

import { formatConfig } from "../formats/config-dump.js";
import { listEntries } from "../formats/index-file.js";
import type { ModprobeConfig } from "../formats/modprobe-config.js";
import type { Files, Problem } from "../kernel/kernel.js";
import { markOf } from "../kernel/presence.js";
import type { ConfigurationRead } from "../knowledge/configuration.js";
import {
	type Indexes,
	type IndexKind,
	indexNames,
	needIndexes,
	readIndexes,
	readIndexesLeniently,
} from "../knowledge/indexes.js";
import { type Knowledge, makeKnowledge } from "../knowledge/knowledge.js";
import type { Context } from "./context.js";

/**
 * The action needed before answers match the files on disk: none ("ok"), `unload` ("must reload"), or opening another Kmod
 * ("must recreate").
 */
export type Freshness = "ok" | "must reload" | "must recreate";

export type Resources = {
	/** Such as /lib/modules/6.1.0-56-amd64. */
	readonly moduleDirectory: string;
	/** Every line of modprobe's configuration that could be read, in the order in which they count. */
	readonly configuration: ModprobeConfig;
	/** The configuration files that were read, in the same order. */
	readonly configurationFiles: readonly string[];
	/**
	 * The parts of the configuration that could not be read. Once the indexes are read, unusable index files are problems too.
	 */
	problems(): readonly Problem[];
	/**
	 * Reads all indexes now and throws when one is unusable. Without this call, the first look-up reads them leniently.
	 * @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal}
	 */
	load(): void;
	/** Drops the indexes. The next look-up reads them again. */
	unload(): void;
	/** Checks whether the loaded indexes, or the configuration, have changed on disk since they were read. */
	validate(): Freshness;
	/**
	 * An index as text, one line for each value: `alias KEY MODULE` for aliases and symbols, otherwise `KEY VALUE`.
	 * @throws {MissingIndexes} when the index does not exist, except builtinAliases, which older versions of depmod do not
	 * make
	 * @throws {MalformedIndex} @throws {Refusal}
	 */
	dumpIndex(kind: IndexKind): string;
	/** The configuration in the format of modprobe.d(5), as `modprobe --show-config` prints it. */
	dumpConfiguration(): string;
};

export type ResourceOptions = {
	readonly moduleDirectory: string;
	readonly configuration: ConfigurationRead;
	/** The files and directories from which the configuration comes. */
	readonly places: readonly string[];
	readonly honourEveryLine: boolean;
	/** Another machine's root, or "". */
	readonly root: string;
};

export function openResources(files: Files, options: ResourceOptions): Resources & Pick<Context, "knowledge"> {
	const { configuration, places } = options;
	const indexes = new LoadedIndexes(files, options);
	const configurationStamp = stampAll(files, places);
	return {
		moduleDirectory: options.moduleDirectory,
		configuration: configuration.value,
		configurationFiles: configuration.read,
		problems: () => [...configuration.problems, ...indexes.problems],
		knowledge: () => indexes.knowledge(),
		load: () => indexes.load(),
		unload: () => indexes.unload(),
		validate() {
			if (stampAll(files, places) !== configurationStamp) return "must recreate";
			return indexes.areFresh() ? "ok" : "must reload";
		},
		dumpIndex(kind) {
			const { indexes: read } = indexes.knowledge();
			needIndexes(read, kind);
			return dumpIndex(read, kind);
		},
		dumpConfiguration: () => formatConfig(configuration.value),
	};
}

/** The indexes of a module directory, cached from their first use until they are unloaded. */
class LoadedIndexes {
	readonly #files: Files;
	readonly #options: ResourceOptions;
	#loaded: { readonly knowledge: Knowledge; readonly stamp: string; readonly problems: readonly Problem[] } | undefined;

	constructor(files: Files, options: ResourceOptions) {
		this.#files = files;
		this.#options = options;
	}

	get problems(): readonly Problem[] {
		return this.#loaded?.problems ?? [];
	}

	knowledge(): Knowledge {
		const { moduleDirectory } = this.#options;
		const read = (problems: Problem[]) => readIndexesLeniently(this.#files, moduleDirectory, problems);
		return (this.#loaded ?? this.#keep(read)).knowledge;
	}

	load(): void {
		this.#keep(() => readIndexes(this.#files, this.#options.moduleDirectory));
	}

	unload(): void {
		this.#loaded = undefined;
	}

	/** Whether the loaded indexes match the files on disk. True when none are loaded, since the next use reads them. */
	areFresh(): boolean {
		return this.#loaded === undefined || this.#stamp() === this.#loaded.stamp;
	}

	#keep(read: (problems: Problem[]) => Indexes) {
		const { moduleDirectory, configuration, honourEveryLine, root } = this.#options;
		const problems: Problem[] = [];
		const stamp = this.#stamp();
		const knowledge = { ...makeKnowledge(moduleDirectory, read(problems), configuration, honourEveryLine), root };
		this.#loaded = { knowledge, stamp, problems };
		return this.#loaded;
	}

	#stamp(): string {
		return stampAll(
			this.#files,
			Object.values(indexNames).map((name) => `${this.#options.moduleDirectory}/${name}`),
		);
	}
}

function stampAll(files: Files, paths: readonly string[]): string {
	return paths.map((path) => markOf(files, path)).join("\n");
}

function dumpIndex(indexes: Indexes, kind: IndexKind): string {
	const index = indexes[kind];
	if (index === undefined) return "";
	const prefix = kind === "aliases" || kind === "symbols" ? "alias " : "";
	let text = "";
	for (const { key, value } of listEntries(index)) text += `${prefix}${key} ${value}\n`;
	return text;
}
