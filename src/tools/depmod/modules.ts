// Finds the module files that depmod indexes: those in the module directory and in depmod.d's external directories, or those that
// its operands name.

import { findMixture } from "../../libkmod/check/mixed-set.js";
import { readDepmodConfig } from "../../libkmod/depmod/configuration.js";
import { chooseModules, isExcluded, isModuleFileName } from "../../libkmod/depmod/module-search.js";
import type { Digests, Walk, WalkFailure } from "../../libkmod/depmod/module-tree.js";
import { type DepmodConfig, forRelease, mergeDepmodConfigs } from "../../libkmod/formats/depmod-config.js";
import { type Problem, Refusal } from "../../libkmod/kernel/kernel.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import type { DepmodCall } from "./call.js";

export type ModulesFound = {
	/** The module files. A path in the module directory is relative to it; any other path is absolute. */
	readonly paths: readonly string[];
	/** Whether every directory could be read. */
	readonly complete: boolean;
};

/** Finds the module files. Undefined when no index files can be made: an error has been printed. */
export function findModuleFiles(call: DepmodCall): ModulesFound | "up to date" | undefined {
	const { options, operands } = call.given;
	// With -n and -A together depmod writes nothing, as in kmod.
	if (options.quick && options.show) return "up to date";
	return operands.length > 1 && !options.quick ? findGiven(call, operands.slice(1)) : findAll(call);
}

function findGiven(call: DepmodCall, files: readonly string[]): ModulesFound | undefined {
	const { directory, say } = call;
	for (const file of files) {
		const obstacle = readTime(call, file);
		if (!(obstacle instanceof Refusal)) continue;
		say("FATAL", `could not create module ${file}: ${formatErrno(obstacle)}`);
		return undefined;
	}
	const below = `${directory}/`;
	const paths = files.map((file) => (file.startsWith(below) ? file.slice(below.length) : file));
	return { paths: chooseModules(paths, mergeDepmodConfigs([])), complete: true };
}

function findAll(call: DepmodCall): ModulesFound | "up to date" | undefined {
	const config = forRelease(readConfig(call), call.release);
	const walk = walkDirectory(call, call.directory, config);
	if (walk instanceof Refusal) {
		call.say("FATAL", `could not search modules: ${formatErrno(walk)}`);
		return undefined;
	}
	if (call.given.options.quick && isUpToDate(call, walk.files)) return "up to date";
	const failures = [...walk.failures];
	const paths = [...walk.files];
	for (const { directory } of config.externals) {
		const beyond = walkDirectory(call, directory, config);
		if (beyond instanceof Refusal) continue;
		for (const file of beyond.files) paths.push(`${directory}/${file}`);
		for (const failure of beyond.failures) failures.push(failure);
	}
	return { paths: chooseModules(paths, config), complete: !failures.some(isOfDirectory) };
}

/** Whether a failure is a directory that could not be read. A directory that vanished during the walk (ENOENT) is no failure. */
function isOfDirectory({ operation, code }: WalkFailure): boolean {
	return operation === "open" && code !== "ENOENT";
}

function walkDirectory({ tree, say }: DepmodCall, directory: string, config: DepmodConfig): Walk | Refusal {
	try {
		const walk = tree.walk(directory, isModuleFileName, (name) => isExcluded(name, config));
		for (const failure of walk.failures) {
			const path = `${directory}/${failure.path}`;
			if (failure.operation === "use") say("ERROR", `unsupported file type ${path}`);
			else say("ERROR", explainRefusal({ operation: failure.operation, subject: path }, formatErrno(failure)));
		}
		return walk;
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		say("ERROR", `could not open directory ${directory}: ${formatErrno(error)}`);
		return error;
	}
}

/**
 * Drops the modules whose file is not found: the file has vanished since the search, or lies in a directory that depmod may not
 * enter. `complete` is false in the second case.
 */
export function keepThere(call: DepmodCall, digests: Digests): Digests & Pick<ModulesFound, "complete"> {
	let complete = true;
	const modules = digests.modules.filter(({ path, malformed }) => {
		if (malformed === undefined || malformed.detail !== undefined) return true;
		const file = path.startsWith("/") ? path : `${call.directory}/${path}`;
		const obstacle = readTime(call, file);
		if (!(obstacle instanceof Refusal)) return true;
		if (obstacle.code !== "ENOENT") complete = false;
		call.say("ERROR", `could not create module ${file}: ${formatErrno(obstacle)}`);
		call.say("ERROR", `failed ${file}: ${formatErrno(obstacle)}`);
		return false;
	});
	return { ...digests, modules, complete };
}

/** The file's modification time, or the reason why it cannot be read. */
function readTime({ tree }: DepmodCall, file: string): bigint | Refusal {
	try {
		return tree.modified(file) ?? new Refusal({ operation: "stat", subject: file, code: "ENOENT" });
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		return error;
	}
}

/** Whether modules.dep exists, the other index files come from the same run of depmod, and no module file is newer. */
function isUpToDate(call: DepmodCall, files: readonly string[]): boolean {
	const { directory, output, say } = call;
	if (findMixture(call.kernel, output) !== undefined) return false;
	const made = readTime(call, `${output}/modules.dep`);
	if (made instanceof Refusal) {
		say("ERROR", `could not fstatat(${output}, modules.dep): ${formatErrno(made)}`);
		return false;
	}
	const isOlder = (file: string): boolean => {
		const time = readTime(call, file);
		if (!(time instanceof Refusal)) return time <= made;
		say("ERROR", `could not stat ${file}: ${formatErrno(time)}`);
		return true;
	};
	return files.every((file) => isOlder(`${directory}/${file}`));
}

function readConfig({ kernel, given, say }: DepmodCall): DepmodConfig {
	const problems: Problem[] = [];
	const { config: paths } = given.options;
	const config = readDepmodConfig(kernel, paths.length === 0 ? {} : { paths }, problems);
	for (const problem of problems) say("ERROR", formatProblem(problem));
	return config;
}

function formatProblem({ file, line, message, kind }: Problem): string {
	if (kind === "nested") return `${message}: ${file}`;
	return line === 0 ? `${file}: ${message}` : `${file}:${line}: ${message}`;
}
