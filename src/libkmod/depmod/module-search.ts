// Chooses among module files of one name: first by depmod.d's overrides, then by its search order. Files of equal rank are
// ordered by their paths, so that the same tree gives the same indexes on every file system.

import type { DepmodConfig } from "../formats/depmod-config.js";
import { normaliseModuleName } from "../text/module-name.js";

const MODULE_EXTENSION = /\.ko(\.gz|\.xz|\.zst)?$/;
/** Symbolic links from the module directory to build trees, left by kernel packages. */
const NEVER_ENTERED = ["build", "source"];
const DEFAULT_SEARCH = ["updates", "built-in"];

/** Whether depmod takes a file of this name for a module. */
export function isModuleFileName(name: string): boolean {
	return MODULE_EXTENSION.test(name);
}

/**
 * Whether an operand of a command names a module file. Any other operand is a module name or an alias first, even when a file
 * of that name exists in the working directory.
 */
export function namesFile(operand: string): boolean {
	return /^\.{0,2}\//.test(operand) || isModuleFileName(operand);
}

/** Whether depmod ignores a file or directory of this name. */
export function isExcluded(name: string, config: DepmodConfig): boolean {
	return NEVER_ENTERED.includes(name) || config.excludes.includes(name);
}

/**
 * The chosen path of each module, in no order. Paths are relative to the module directory; those in depmod.d's external
 * directories are absolute. The configuration must be the one for the kernel's release.
 */
export function chooseModules(paths: Iterable<string>, config: DepmodConfig): string[] {
	const rank = rankBy(config);
	const chosen = new Map<string, { path: string; rank: number }>();
	for (const path of paths) {
		const name = normaliseModuleName(path);
		const candidate = { path, rank: rank(path) };
		const other = chosen.get(name);
		if (other === undefined || isBetter(candidate, other)) chosen.set(name, candidate);
	}
	return [...chosen.values()].map(({ path }) => path);
}

type Candidate = { readonly path: string; readonly rank: number };

function isBetter(one: Candidate, other: Candidate): boolean {
	return one.rank < other.rank || (one.rank === other.rank && one.path < other.path);
}

// Ranks count upwards from the best: the overrides (the last one first), the search list, all other paths.
function rankBy({ search, overrides, externals }: DepmodConfig): (path: string) => number {
	const places = search.length === 0 ? DEFAULT_SEARCH : search;
	const overriding = overrides.map(({ directory, module }) => `${directory}/${module}`).reverse();
	const isExternal = (path: string) => externals.some(({ directory }) => path.startsWith(`${directory}/`));
	const builtIn = indexOrEnd(places.indexOf("built-in"), places.length);
	return (path) => {
		const override = overriding.indexOf(path.replace(MODULE_EXTENSION, ""));
		if (override !== -1) return override;
		const isIn = (place: string) => (place === "external" ? isExternal(path) : path.startsWith(`${place}/`));
		const found = places.findIndex((place) => place !== "built-in" && isIn(place));
		return overriding.length + indexOrEnd(found, builtIn);
	};
}

function indexOrEnd(index: number, end: number): number {
	return index === -1 ? end : index;
}
