// modprobe's configuration, as modprobe.d(5) describes it: the directories and their precedence, modules.softdep and
// modules.weakdep of the module directory, and the kernel command line.

import { attributeText } from "../formats/attribute.js";
import { parseKernelCommandLine } from "../formats/kernel-command-line.js";
import { type ModprobeConfig, mergeModprobeConfigs, parseModprobeConfig } from "../formats/modprobe-config.js";
import { bounds } from "../kernel/bounds.js";
import type { Files, Problem } from "../kernel/kernel.js";
import { listConfigurationFiles, orProblem, readConfigurationFile, type WhereToLook } from "./configuration-files.js";

/** In order of precedence: a file hides files of the same name in later directories. */
export const modprobeDirectories: readonly string[] = [
	"/etc/modprobe.d",
	"/run/modprobe.d",
	"/usr/local/lib/modprobe.d",
	"/usr/lib/modprobe.d",
	"/lib/modprobe.d",
];

export type ConfigurationOptions = {
	/** Such as /lib/modules/6.1.0-56-amd64. */
	readonly moduleDirectory: string;
	/** Files of any name, and directories, that replace `directories`: `modprobe -C`. */
	readonly configPaths?: readonly string[];
	/** The text of /proc/cmdline. */
	readonly kernelCommandLine?: string;
	/** The file with the kernel command line, in place of the text. An absent file means no kernel command line. */
	readonly commandLineFile?: string;
	/** Default: {@link modprobeDirectories}. */
	readonly directories?: readonly string[];
};

export type ConfigurationRead = {
	readonly value: ModprobeConfig;
	readonly problems: readonly Problem[];
	/** The files that were read, in the order in which their lines count. */
	readonly read: readonly string[];
};

/** Never throws for a file or directory that cannot be read: that is a problem, and the rest of the configuration counts. */
export function readConfiguration(files: Files, options: ConfigurationOptions): ConfigurationRead {
	const problems: Problem[] = [];
	const configs: ModprobeConfig[] = [];
	const read: string[] = [];
	for (const path of listConfigurationFiles(files, whereToLook(options), problems)) {
		const named = options.configPaths?.includes(path) ?? false;
		const text = readConfigurationFile(files, path, problems, { ...bounds.configuration, named });
		if (text === undefined) continue;
		const parsed = parseModprobeConfig(path, text);
		read.push(path);
		configs.push(parsed.value);
		for (const problem of parsed.problems) problems.push(problem);
	}
	const { commandLineFile: file = "/proc/cmdline", kernelCommandLine } = options;
	const ofFile = () =>
		orProblem(file, "read", problems, undefined, () => readKernelCommandLine(files, options.commandLineFile));
	const commandLine = kernelCommandLine ?? ofFile();
	if (commandLine !== undefined) configs.push(configOfCommandLine(commandLine, file, problems));
	return { value: mergeModprobeConfigs(configs), problems, read };
}

function whereToLook({
	moduleDirectory,
	configPaths,
	directories = modprobeDirectories,
}: ConfigurationOptions): WhereToLook {
	const first = [`${moduleDirectory}/modules.softdep`, `${moduleDirectory}/modules.weakdep`];
	return { first, directories, ...(configPaths !== undefined && { paths: configPaths }) };
}

/**
 * The text of a file such as /proc/cmdline. Undefined when the file does not exist or no path is given.
 * @throws {Refusal} by "read"
 */
export function readKernelCommandLine(files: Pick<Files, "read">, path: string | undefined): string | undefined {
	const bytes = path === undefined ? undefined : files.read(path, bounds.small);
	return bytes && attributeText(bytes);
}

function configOfCommandLine(text: string, file: string, problems: Problem[]): ModprobeConfig {
	const source = { file, line: 0 };
	const { options, blacklist, bad } = parseKernelCommandLine(text);
	for (const name of bad) {
		const message = `Ignoring bad option on kernel command line while parsing module name: '${name}'`;
		problems.push({ ...source, message, kind: "parameter" });
	}
	return {
		...mergeModprobeConfigs([]),
		options: options.map((option) => ({ ...option, source })),
		blacklist: blacklist.map((module) => ({ module, source })),
	};
}
