// Which of the module files found count, where several have one name: depmod.d's overrides, then its search order. Files of
// equal rank are settled by their paths, so that the same tree gives the same indexes on every file system.

import type { DepmodConfig } from "../formats/depmod-config.js";
import { normaliseModuleName } from "../text/module-name.js";

const MODULE_EXTENSION = /\.ko(\.gz|\.xz|\.zst)?$/;
/** Links that kernel packages leave in the module directory to their build trees. */
const NEVER_ENTERED = ["build", "source"];
const DEFAULT_SEARCH = ["updates", "built-in"];

/** Whether depmod takes a file of this name for a module. */
export function isModuleFileName(name: string): boolean {
	return MODULE_EXTENSION.test(name);
}

/** Whether an operand names a module's file. Else it is a module or an alias first, whatever else has its name where the tool runs. */
export function namesFile(operand: string): boolean {
	return /^\.{0,2}\//.test(operand) || isModuleFileName(operand);
}

/** Whether depmod passes a file or directory of this name over. */
export function isExcluded(name: string, config: DepmodConfig): boolean {
	return NEVER_ENTERED.includes(name) || config.excludes.includes(name);
}

/**
 * Of each module the path that counts, in no order. Paths are relative to the module directory; those in depmod.d's
 * external directories are absolute. The configuration is that for the kernel's release.
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

// Ranks count upwards from the best: the overrides, the last of them first; the search list; the rest.
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
