// A kernel that an option names by its module directory, or by a root that has one; and a machine's files with that kernel's modules
// laid over them.

import { exitStatus } from "../../agent/telling/exit-status.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { trimRoot } from "../../libkmod/kernel/other-root.js";
import { ifReadable, isThere } from "../../libkmod/kernel/presence.js";
import { whyNoDirectory } from "../../libkmod/knowledge/configuration-files.js";
import { baseName } from "../../libkmod/text/base-name.js";
import { listWords } from "../../libkmod/text/word-lists.js";
import type { Machine } from "../../ports/machine.js";
import { StartFailure } from "../agent/start-failure.js";
import { pathFromHere } from "../command-line/module-directory.js";

export type NamedKernel = {
	/** Absolute, of this machine. */
	readonly moduleDirectory: string;
	/** The name of the module directory. */
	readonly release: string;
	/** The root below which absolute paths of modules.dep lie. "" where a module directory alone is named. */
	readonly root: string;
	/** This machine's files, in which links below the named directory lead within it. */
	readonly files: Kernel;
};

/**
 * @param word a module directory, a root that has one, or the release of a kernel that the machine has
 * @param release the one to take of a root that has several
 * @throws {StartFailure} where there is no such directory, or it has not the modules of one kernel
 */
export async function openNamedKernel(
	machine: Machine,
	word: string,
	{ release, ofMachine }: { readonly release: string | undefined; readonly ofMachine: string },
): Promise<NamedKernel> {
	const place = findPlace(await machine.kernel({ root: ofMachine }), machine, word, ofMachine);
	const files = await machine.kernel({ root: place });
	if (files.list(place === "" ? "/" : place) === undefined)
		throw new StartFailure(`--kernel ${word}: ${whyNoDirectory(files, place)}`, exitStatus.usage);
	if (hasIndexes(files, place)) return { moduleDirectory: place, release: baseName(place), root: rootOf(place), files };
	const releases = listReleases(files, place);
	const [only, ...others] = releases.filter((name) => release === undefined || name === release);
	if (only !== undefined && others.length === 0)
		return { moduleDirectory: `${place}/lib/modules/${only}`, release: only, root: place, files };
	throw new StartFailure(`--kernel ${word}: ${explainChoice(releases, release)}`, exitStatus.usage);
}

/** A word without a slash may be the release of a kernel that is installed beside the machine's own. */
function findPlace(files: Kernel, machine: Machine, word: string, root: string): string {
	const installed = `${root}/lib/modules/${word}`;
	const isRelease = !word.includes("/") && word !== "." && word !== ".." && hasIndexes(files, installed);
	return isRelease ? installed : trimRoot(pathFromHere(machine, word));
}

/** The kernels whose indexes a root has, by name. */
export function listReleases(files: Kernel, root: string): readonly string[] {
	const names = ifReadable(() => files.list(`${root}/lib/modules`)) ?? [];
	return names.filter((name) => hasIndexes(files, `${root}/lib/modules/${name}`)).toSorted();
}

/** Why no kernel of a root is taken, where not exactly one is there. */
export function explainChoice(releases: readonly string[], wanted: string | undefined): string {
	const [one, ...more] = releases;
	if (one === undefined) return "it has no indexes of modules (lib/modules/*/modules.dep.bin): depmod makes them";
	if (wanted !== undefined) return `it has no modules of ${wanted}, and those of ${listWords(releases)}`;
	return `it has the modules of ${listWords([one, ...more])}: -S (--set-version) takes one of them`;
}

const hasIndexes = (files: Kernel, directory: string): boolean => isThere(files, `${directory}/modules.dep.bin`);

/** What stands before lib/modules/RELEASE. */
const rootOf = (moduleDirectory: string): string =>
	moduleDirectory.replace(/(?:\/usr)?\/lib\/modules\/[^/]+$|^.*$/, "");

/** A machine's kernel, of which all files below the other one's module directory are that one's. */
export function layOver<Under extends Kernel>(kernel: Under, { moduleDirectory, files }: NamedKernel): Under {
	const below = `${moduleDirectory}/`;
	const at = (path: string): Kernel => (path.startsWith(below) || path === moduleDirectory ? files : kernel);
	return {
		...kernel,
		read: (path, ...more) => at(path).read(path, ...more),
		list: (path) => at(path).list(path),
		stamp: (path) => at(path).stamp(path),
		modified: (path) => at(path).modified?.(path),
		leadsNowhere: (path) => at(path).leadsNowhere?.(path) ?? false,
	};
}
