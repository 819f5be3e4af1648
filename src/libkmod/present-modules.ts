// The modules whose files are there, by the same walk as depmod's: those that its indexes should have.
import { MOST_NAMES_IN_ALL } from "./bounds.js";
import { readDepmodConfig } from "./depmod/configuration.js";
import { isExcluded, isModuleFileName } from "./depmod/module-search.js";
import { type Found, type Tree, walkTree } from "./depmod/module-walk.js";
import { type Files, Refusal } from "./kernel.js";
import { normaliseModuleName } from "./module-name.js";
import type { ModulesPlace } from "./other-root.js";

/**
 * Names of the modules whose files lie below the directory, as far as that can be read.
 * @param known of these a file's name is enough: whether it leads to one is not looked at
 */
export function listPresentModules(
	files: Files,
	{ moduleDirectory, root = "" }: ModulesPlace,
	known: ReadonlySet<string>,
): string[] {
	// Depmod itself tells what is wrong with its configuration.
	const config = readDepmodConfig(files, { root }, []);
	const options = {
		root: moduleDirectory,
		wanted: isModuleFileName,
		passedOver: (name: string) => isExcluded(name, config),
		most: MOST_NAMES_IN_ALL,
	};
	try {
		return walkTree(treeOf(files, known), options).files.map(normaliseModuleName);
	} catch (error) {
		if (error instanceof Refusal) return [];
		throw error;
	}
}

/** Files tell no kinds: a directory is what can be listed. */
function treeOf(files: Files, known: ReadonlySet<string>): Tree {
	const isKnown = (name: string): boolean => isModuleFileName(name) && known.has(normaliseModuleName(name));
	/** Whatever a walk enters it has followed just before. */
	let followed: { readonly path: string; readonly names: readonly string[] } | undefined;
	return {
		list(path) {
			const names = path === followed?.path ? followed.names : files.list(path);
			return (names ?? []).map((name) => ({ name, kind: isKnown(name) ? "file" : "other" }));
		},
		follow(path): Found | undefined {
			const stamp = files.stamp(path);
			const names = files.list(path);
			followed = names && { path, names };
			if (names !== undefined) return { kind: "directory", identity: stamp ?? path };
			return stamp === undefined ? undefined : { kind: "file" };
		},
	};
}
