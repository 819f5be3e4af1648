// The order of modules in depmod's files, which is also their priority in its indexes: first the order of modules.order, then
// the modules it does not name, in the order of kmod's hash table.

import { inHashOrder } from "./hash-order.js";
import type { ModuleDigest } from "./module-digest.js";

const HASH_BUCKETS = 512;
const PATH_MAX = 4096;

/** Sorts the modules. A modules.order with a corrupted line is ignored, and `corruptedLine` is the number of that line. */
export function orderModules(
	modules: readonly ModuleDigest[],
	order: string | undefined,
): { modules: ModuleDigest[]; corruptedLine: number | undefined } {
	const hashed = inHashOrder(modules, ({ name }) => name, HASH_BUCKETS);
	const lines = order === undefined ? [] : order.split("\n");
	const corrupted = lines.findIndex((line, index) => isCorrupted(line, index === lines.length - 1));
	if (lines.length === 0 || corrupted !== -1)
		return { modules: hashed, corruptedLine: corrupted === -1 ? undefined : corrupted + 1 };
	const places = new Map(lines.map((line, place) => [line, place]));
	const placeOf = ({ path }: ModuleDigest) =>
		(isBeyond(path) ? undefined : places.get(listedPath(path))) ?? lines.length;
	const placed = hashed.map((module) => ({ module, place: placeOf(module) }));
	return { modules: placed.sort((a, b) => a.place - b.place).map(({ module }) => module), corruptedLine: undefined };
}

// A module outside the module directory has no place in modules.order, not even by its whole path.
function isBeyond(path: string): boolean {
	return path.startsWith("/");
}

// The text after the last newline must be empty.
function isCorrupted(line: string, last: boolean): boolean {
	return last ? line !== "" : line.includes("\0") || line.length >= PATH_MAX - 1;
}

// The path in modules.order: the name that the kernel's build gave the file, without a compression suffix. depmod finds no file
// with another dot in its name.
function listedPath(path: string): string {
	return `${path.slice(0, path.indexOf(".", path.lastIndexOf("/") + 1))}.ko`;
}
