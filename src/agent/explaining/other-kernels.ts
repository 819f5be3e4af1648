// Which other kernels have a module for an alias: those installed beside this one, and those of directories that were named.

import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import { mergeModprobeConfigs } from "../../libkmod/formats/modprobe-config.js";
import { type Files, type Problem, Refusal } from "../../libkmod/kernel/kernel.js";
import { MissingIndexes, needIndexes, readIndexesLeniently } from "../../libkmod/knowledge/indexes.js";
import { makeKnowledge } from "../../libkmod/knowledge/knowledge.js";
import { type Found, lookUp } from "../../libkmod/knowledge/lookup.js";
import { baseName } from "../../libkmod/text/base-name.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";

/** A machine has a few kernels. Each takes the reading of its indexes, some MiB. */
export const MOST_KERNELS = 32;

export type OtherKernel = {
	/** The last name of its module directory, such as 6.1.0-56-amd64. */
	readonly release: string;
	readonly directory: string;
	/** As {@link lookUp} finds them, without configuration: empty when the kernel has no module for the alias. */
	readonly modules: readonly Found[];
};

export type OtherKernels = {
	/** Those whose indexes could be searched, by name; the named ones last. */
	readonly kernels: readonly OtherKernel[];
	/** What could not be searched, as sentences. */
	readonly problems: readonly string[];
};

export type OtherKernelsOptions = {
	/** Any spelling. */
	readonly alias: string;
	/** The module directory that is left out, since its kernel is the one in question. */
	readonly moduleDirectory: string;
	/** Another machine's root; "" when absent. */
	readonly root?: string | undefined;
	/** Absolute paths, each of a module directory or of a root with lib/modules. */
	readonly also?: readonly string[] | undefined;
	/** The files among which `also` lies; by default those of the machine in question. */
	readonly host?: Files | undefined;
};

/** Looks an alias up in the indexes of the other kernels. Damage and refusals become problems: nothing is thrown for them. */
export function findInOtherKernels(files: Files, options: OtherKernelsOptions): OtherKernels {
	const { alias, moduleDirectory, root = "", also = [], host = files } = options;
	const problems: string[] = [];
	const installed = listReleases(files, root, problems) ?? [];
	const given = also.flatMap((directory) => listGiven(host, directory, problems));
	const isOther = (directory: string) => directory !== withoutSlash(moduleDirectory);
	const own = installed.filter(isOther).map((directory) => ({ directory, among: files }));
	// On another machine's host a directory of the same path is another directory.
	const named = host === files ? given.filter((one) => isOther(one) && !installed.includes(one)) : given;
	const others = [...own, ...unique(named).map((directory) => ({ directory, among: host }))];
	if (others.length > MOST_KERNELS)
		problems.push(`only ${MOST_KERNELS} of ${others.length} other kernels were searched`);
	const kernels = others.slice(0, MOST_KERNELS).flatMap(({ directory, among }) => {
		const modules = search(among, directory, alias, problems);
		return modules === undefined ? [] : [{ release: baseName(directory), directory, modules }];
	});
	return { kernels, problems };
}

/** The module directories below a root, by name. Undefined where it has none. */
function listReleases(files: Files, root: string, problems: string[]): readonly string[] | undefined {
	for (const place of ["lib/modules", "usr/lib/modules"]) {
		const parent = `${withoutSlash(root)}/${place}`;
		const names = orProblem(() => files.list(parent), problems);
		if (names !== undefined) return [...names].sort().map((name) => `${parent}/${name}`);
	}
	return undefined;
}

function listGiven(files: Files, given: string, problems: string[]): readonly string[] {
	const directory = withoutSlash(given);
	const below = listReleases(files, directory, problems);
	if (below !== undefined) return below;
	const names = orProblem(() => files.list(directory === "" ? "/" : directory), problems);
	if (names?.some((name) => /^modules\..*\.bin$/.test(name))) return [directory];
	problems.push(`${given} is no module directory, and has no lib/modules`);
	return [];
}

/** The modules for the alias. Undefined when the kernel's indexes cannot be searched. */
function search(files: Files, directory: string, alias: string, problems: string[]): readonly Found[] | undefined {
	const found: Problem[] = [];
	return orProblem(() => {
		const indexes = readIndexesLeniently(files, directory, found);
		needIndexes(indexes, "aliases");
		const knowledge = makeKnowledge(directory, indexes, { value: mergeModprobeConfigs([]), problems: [], read: [] });
		const modules = lookUp(knowledge, alias);
		for (const { file, message } of found) problems.push(message.startsWith(file) ? message : `${file} ${message}`);
		return modules;
	}, problems);
}

function orProblem<T>(work: () => T, problems: string[]): T | undefined {
	try {
		return work();
	} catch (error) {
		if (error instanceof Refusal) problems.push(explainRefusal(error, error.why));
		else if (error instanceof MalformedIndex || error instanceof MissingIndexes) problems.push(error.message);
		else throw error;
		return undefined;
	}
}

const withoutSlash = (path: string): string => path.replace(/\/+$/, "");
const unique = (paths: readonly string[]): readonly string[] => [...new Set(paths)];
