// Reads all files that the agent would read, and collects their problems.

import { checkIndex, checkIndexes } from "../../libkmod/check/check-indexes.js";
import { parseModprobeConfig } from "../../libkmod/formats/modprobe-config.js";
import { type Bound, bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, type Problem, Refusal } from "../../libkmod/kernel/kernel.js";
import { leadsNowhere } from "../../libkmod/kernel/presence.js";
import { type ConfigurationOptions, readConfiguration } from "../../libkmod/knowledge/configuration.js";
import { listConfigurationFiles, readConfigurationFile } from "../../libkmod/knowledge/configuration-files.js";
import { readIndexesLeniently } from "../../libkmod/knowledge/indexes.js";
import { makeKnowledge } from "../../libkmod/knowledge/knowledge.js";
import { listUnheededLines } from "../../libkmod/knowledge/unheeded-lines.js";
import { parsePolicy } from "../policy/policy-file.js";
import type { PolicyDirectories } from "../policy/policy-files.js";
import { DEFAULTS_COUNT } from "./settings.js";
import { parseSettings } from "./settings-file.js";

export type Checked = { readonly file: string; readonly as: "settings" | "policy" | "configuration" | "index" };

export type Checker = {
	/** @param required whether the file was named: it must exist, and may be a pipe */
	settings(file: string, required: boolean): void;
	/** @param root the directory below which the programs of rules are looked for */
	policy(where: PolicyDirectories, root: string): void;
	/** modprobe's configuration, and the indexes of a module directory. */
	modules(options: ConfigurationOptions & { readonly root?: string }): void;
	/**
	 * Checks one file of any of these kinds, told by its name. The file may be a pipe. @param settings the settings file, when it
	 * has another name than usual
	 */
	file(file: string, settings?: string): void;
	readonly checked: readonly Checked[];
	readonly problems: readonly Problem[];
};

/** @param withPrograms whether the programs that rules run are looked for */
export function makeChecker(files: Files, { withPrograms = true }: { readonly withPrograms?: boolean } = {}): Checker {
	return new FileChecker(files, withPrograms);
}

class FileChecker implements Checker {
	readonly checked: Checked[] = [];
	readonly problems: Problem[] = [];
	readonly #files: Files;
	readonly #withPrograms: boolean;
	#honourEveryLine = false;

	constructor(files: Files, withPrograms: boolean) {
		this.#files = files;
		this.#withPrograms = withPrograms;
	}

	settings(file: string, required: boolean): void {
		const text = this.#read(file, { ...bounds.settings, named: required });
		if (text === undefined) {
			this.#noteAbsentSettings(file, required);
			return;
		}
		this.#note("settings", file);
		const parsed = parseSettings(file, text);
		this.#add(parsed.problems);
		this.#honourEveryLine = parsed.value.honour_every_line;
	}

	policy(where: PolicyDirectories, root: string): void {
		for (const file of listConfigurationFiles(this.#files, { ...where, suffix: ".toml" }, this.problems))
			this.#policyFile(file, root, false);
	}

	modules(options: ConfigurationOptions & { readonly root?: string }): void {
		const files = this.#files;
		const { moduleDirectory } = options;
		const configuration = readConfiguration(files, options);
		this.#note("configuration", ...configuration.read);
		const indexes = checkIndexes(files, moduleDirectory, options.root);
		this.#note("index", ...indexes.read);
		// Some unheeded lines can only be told with the help of the indexes.
		const knowledge = makeKnowledge(
			moduleDirectory,
			readIndexesLeniently(files, moduleDirectory, []),
			configuration,
			this.#honourEveryLine,
		);
		for (const found of [configuration.problems, listUnheededLines(knowledge), indexes.problems]) this.#add(found);
	}

	file(file: string, settingsFile?: string): void {
		if (isAbsent(this.#files, file)) this.#object(file, "there is no such file");
		else if (file === settingsFile || /(?:^|\/)hotplugd\.toml$/.test(file)) this.settings(file, true);
		else if (file.endsWith(".toml")) this.#policyFile(file, "", true);
		else if (file.endsWith(".conf")) this.#configurationFile(file);
		else if (file.endsWith(".bin")) this.#indexFile(file);
		else this.#object(file, "is of no kind that check knows: the names of files to check end in .toml, .conf or .bin");
	}

	#noteAbsentSettings(file: string, required: boolean): void {
		if (isAbsent(this.#files, file) && (required || leadsNowhere(this.#files, file)))
			this.#object(file, required ? "there is no such file" : DEFAULTS_COUNT);
	}

	#policyFile(file: string, root: string, named: boolean): void {
		const text = this.#read(file, { ...bounds.settings, named });
		if (text === undefined) return;
		this.#note("policy", file);
		const { value, problems } = parsePolicy(file, text);
		this.#add(problems);
		if (!this.#withPrograms) return;
		for (const { command, source } of value.policy.run)
			if (isAbsent(this.#files, root + command[0]))
				this.problems.push({ ...source, message: `there is no program ${root}${command[0]}` });
	}

	#configurationFile(file: string): void {
		const text = this.#read(file, { ...bounds.configuration, named: true });
		if (text === undefined) return;
		this.#note("configuration", file);
		this.#add(parseModprobeConfig(file, text).problems);
	}

	#indexFile(file: string): void {
		this.#note("index", file);
		const problem = checkIndex(this.#files, file);
		if (problem !== undefined) this.#object(file, problem);
	}

	/** Returns undefined when the file does not exist, or cannot be read, which is recorded as a problem. */
	#read(file: string, bound: Bound): string | undefined {
		return readConfigurationFile(this.#files, file, this.problems, bound);
	}

	#note(as: Checked["as"], ...names: readonly string[]): void {
		for (const file of names) this.checked.push({ file, as });
	}

	#add(found: readonly Problem[]): void {
		for (const problem of found) this.problems.push(problem);
	}

	#object(file: string, message: string): void {
		this.problems.push({ file, line: 0, message });
	}
}

function isAbsent(files: Files, file: string): boolean {
	try {
		return files.stamp(file) === undefined;
	} catch (error) {
		// The file counts as existing, although its directory may not be searched.
		if (error instanceof Refusal) return false;
		throw error;
	}
}
