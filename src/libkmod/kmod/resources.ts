// The indexes and the configuration as files that change: libkmod's "resources".

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

/** What is to be done before answers are those of the files on disk: nothing, `unload`, or opening another Kmod. */
export type Freshness = "ok" | "must reload" | "must recreate";

export type Resources = {
	/** Such as /lib/modules/6.1.0-56-amd64. */
	readonly moduleDirectory: string;
	/** Every line of modprobe's configuration that could be read, in the order in which they count. */
	readonly configuration: ModprobeConfig;
	/** The configuration files read, in the same order. */
	readonly configurationFiles: readonly string[];
	/** What could not be read of the configuration. Index files that could not be used are problems too, once they are read. */
	problems(): readonly Problem[];
	/**
	 * Reads the indexes, which otherwise the first question does, and insists on them.
	 * @throws {MissingIndexes} @throws {MalformedIndex} @throws {Refusal}
	 */
	load(): void;
	/** Forgets the indexes: the next question reads them anew. */
	unload(): void;
	/** Whether the indexes that are loaded, or the configuration, have changed on disk since they were read. */
	validate(): Freshness;
	/**
	 * An index as text, a line for each value: `alias KEY MODULE` of aliases and symbols, else `KEY VALUE`.
	 * @throws {MissingIndexes} where it is not there, but for builtinAliases, which older depmods do not make @throws {MalformedIndex} @throws {Refusal}
	 */
	dumpIndex(kind: IndexKind): string;
	/** The configuration in the format of modprobe.d(5), as `modprobe --show-config` has it. */
	dumpConfiguration(): string;
};

export type ResourceOptions = {
	readonly moduleDirectory: string;
	readonly configuration: ConfigurationRead;
	/** The files and directories that configuration comes from. */
	readonly places: readonly string[];
	readonly honourEveryLine: boolean;
	/** Another machine's, or "". */
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

/** The indexes of a module directory, from their first use until they are unloaded. */
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

	/** Also where none are loaded: the next use reads them. */
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
