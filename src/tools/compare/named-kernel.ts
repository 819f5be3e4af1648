// A kernel that an option names by its module directory, or by a root that has one; and a machine's files with that kernel's modules
// laid over them.

import { exitStatus } from "../../agent/telling/exit-status.js";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import { trimRoot } from "../../libkmod/kernel/other-root.js";
import { ifReadable, isThere } from "../../libkmod/kernel/presence.js";
import { whyNoDirectory } from "../../libkmod/knowledge/configuration-files.js";
import { baseName } from "../../libkmod/text/base-name.js";
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

/** @throws {StartFailure} where the directory has no usable modules, or those of several kernels */
export async function openNamedKernel(
	machine: Machine,
	option: string,
	word: string,
	release: string | undefined,
): Promise<NamedKernel> {
	const place = trimRoot(pathFromHere(machine, word));
	const files = await machine.kernel({ root: place });
	if (files.list(place === "" ? "/" : place) === undefined)
		throw new StartFailure(`${option} ${word}: ${whyNoDirectory(files, place)}`, exitStatus.usage);
	if (hasIndexes(files, place)) return { moduleDirectory: place, release: baseName(place), root: rootOf(place), files };
	const releases = listReleases(files, place).filter((name) => release === undefined || name === release);
	const [only, ...others] = releases;
	if (only !== undefined && others.length === 0)
		return { moduleDirectory: `${place}/lib/modules/${only}`, release: only, root: place, files };
	throw new StartFailure(`${option} ${word}: ${explainChoice(releases, release)}`, exitStatus.usage);
}

/** The kernels whose indexes a root has, by name. */
export function listReleases(files: Kernel, root: string): readonly string[] {
	const names = ifReadable(() => files.list(`${root}/lib/modules`)) ?? [];
	return names.filter((name) => hasIndexes(files, `${root}/lib/modules/${name}`)).toSorted();
}

/** Why no kernel of a root is taken, where not exactly one is there. */
export function explainChoice(releases: readonly string[], wanted: string | undefined): string {
	if (releases.length > 1) return `it has the modules of ${releases.join(", ")}: -S (--set-version) chooses`;
	const which = wanted === undefined ? "" : ` of ${wanted}`;
	return `it is no module directory, and its lib/modules has no indexes${which}: depmod makes them`;
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
