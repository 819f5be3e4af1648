// Reads depmod's configuration by the rules of depmod.d(5).

import { type DepmodConfig, mergeDepmodConfigs, parseDepmodConfig } from "../formats/depmod-config.js";
import { bounds } from "../kernel/bounds.js";
import type { Files, Problem } from "../kernel/kernel.js";
import { listConfigurationFiles, readConfigurationFile } from "../knowledge/configuration-files.js";

/** In order of precedence. */
const depmodDirectories: readonly string[] = [
	"/etc/depmod.d",
	"/run/depmod.d",
	"/usr/local/lib/depmod.d",
	"/usr/lib/depmod.d",
	"/lib/depmod.d",
];

export type DepmodConfigOptions = {
	/** Files (which may be pipes) and directories that replace the usual ones: `depmod -C`. */
	readonly paths?: readonly string[];
	/** The root below which the usual directories lie. */
	readonly root?: string;
};

/** Reads the lines for all kernel releases. @param problems receives the problems found */
export function readDepmodConfig(
	files: Files,
	{ paths, root = "" }: DepmodConfigOptions,
	problems: Problem[],
): DepmodConfig {
	const where = {
		directories: depmodDirectories.map((directory) => root + directory),
		...(paths !== undefined && { paths }),
	};
	const configs = listConfigurationFiles(files, where, problems).flatMap((file) => {
		const bound = { ...bounds.configuration, named: paths?.includes(file) ?? false };
		const text = readConfigurationFile(files, file, problems, bound);
		if (text === undefined) return [];
		const parsed = parseDepmodConfig(file, text);
		for (const problem of parsed.problems) problems.push(problem);
		return [parsed.value];
	});
	return mergeDepmodConfigs(configs);
}
