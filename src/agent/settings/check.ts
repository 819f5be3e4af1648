// Reads all that the agent would read, and gathers what is wrong with it.

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
	/** @param required whether it was named, must be there, and may be a pipe. */
	settings(file: string, required: boolean): void;
	/** @param root where the programs of rules are looked for. */
	policy(where: PolicyDirectories, root: string): void;
	/** modprobe's configuration, and the indexes of a module directory. */
	modules(options: ConfigurationOptions & { readonly root?: string }): void;
	/** One file of any of these kinds, told by its name: it may be a pipe. @param settings the file that is the settings, if another than usual. */
	file(file: string, settings?: string): void;
	readonly checked: readonly Checked[];
	readonly problems: readonly Problem[];
};

export function makeChecker(files: Files): Checker {
	const checked: Checked[] = [];
	const problems: Problem[] = [];
	let honourEveryLine = false;

	const note = (as: Checked["as"], ...names: readonly string[]): void => {
		for (const file of names) checked.push({ file, as });
	};
	const add = (found: readonly Problem[]): void => {
		for (const problem of found) problems.push(problem);
	};
	const object = (file: string, message: string): void => void problems.push({ file, line: 0, message });

	/** Undefined where there is none, or it cannot be read, which is a problem. */
	const read = (file: string, bound: Bound): string | undefined => readConfigurationFile(files, file, problems, bound);

	function settings(file: string, required: boolean): void {
		const text = read(file, { ...bounds.settings, named: required });
		if (text === undefined) {
			if (isAbsent(files, file) && (required || leadsNowhere(files, file)))
				object(file, required ? "there is no such file" : DEFAULTS_COUNT);
			return;
		}
		note("settings", file);
		const parsed = parseSettings(file, text);
		add(parsed.problems);
		honourEveryLine = parsed.value.honour_every_line;
	}

	function policyFile(file: string, root: string, named: boolean): void {
		const text = read(file, { ...bounds.settings, named });
		if (text === undefined) return;
		note("policy", file);
		const { value, problems: found } = parsePolicy(file, text);
		add(found);
		for (const { command, source } of value.policy.run)
			if (isAbsent(files, root + command[0]))
				problems.push({ ...source, message: `there is no program ${root}${command[0]}` });
	}

	function modules(options: ConfigurationOptions & { readonly root?: string }): void {
		const { moduleDirectory } = options;
		const configuration = readConfiguration(files, options);
		note("configuration", ...configuration.read);
		const indexes = checkIndexes(files, moduleDirectory, options.root);
		note("index", ...indexes.read);
		// Of unheeded lines some are only told by what the indexes know.
		const knowledge = makeKnowledge(
			moduleDirectory,
			readIndexesLeniently(files, moduleDirectory, []),
			configuration,
			honourEveryLine,
		);
		for (const found of [configuration.problems, listUnheededLines(knowledge), indexes.problems]) add(found);
	}

	function configurationFile(file: string): void {
		const text = read(file, { ...bounds.configuration, named: true });
		if (text === undefined) return;
		note("configuration", file);
		add(parseModprobeConfig(file, text).problems);
	}

	function indexFile(file: string): void {
		note("index", file);
		const problem = checkIndex(files, file);
		if (problem !== undefined) object(file, problem);
	}

	return {
		checked,
		problems,
		settings,
		policy(where, root) {
			for (const file of listConfigurationFiles(files, { ...where, suffix: ".toml" }, problems))
				policyFile(file, root, false);
		},
		modules,
		file(file, settingsFile) {
			if (isAbsent(files, file)) object(file, "there is no such file");
			else if (file === settingsFile || /(?:^|\/)hotplugd\.toml$/.test(file)) settings(file, true);
			else if (file.endsWith(".toml")) policyFile(file, "", true);
			else if (file.endsWith(".conf")) configurationFile(file);
			else if (file.endsWith(".bin")) indexFile(file);
			else object(file, "is no file of the agent's: their names end in .toml, .conf or .bin");
		},
	};
}

function isAbsent(files: Files, file: string): boolean {
	try {
		return files.stamp(file) === undefined;
	} catch (error) {
		// It is there, in a directory that may not be looked into.
		if (error instanceof Refusal) return false;
		throw error;
	}
}
