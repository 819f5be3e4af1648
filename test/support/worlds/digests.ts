// Digests of modules in a form that tests can compare.
import { readdirSync } from "node:fs";
import type { Digests } from "../../../src/libkmod/depmod/module-tree.js";
import { moduleTree } from "../../../src/linux/depmod/module-tree.js";

/** Digests with names in place of symbol numbers, which differ between runs; sorted by path. */
export function readable({ modules, names }: Digests) {
	const list = (symbols: readonly number[]) => symbols.map((symbol) => names.nameOf(symbol));
	const described = modules.map(({ exports, needs, weak, ...rest }) => ({
		...rest,
		exports: { names: list(exports.symbols), crcs: exports.crcs },
		needs: { names: list(needs.symbols), crcs: needs.crcs },
		weak: list(weak),
	}));
	return described.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export type ReadableDigest = ReturnType<typeof readable>[number];

/** Digests of all files of a folder. */
export async function digestFolder(folder: string): Promise<ReadableDigest[]> {
	return readable(await moduleTree.digest(folder, readdirSync(folder)));
}

export function withoutExtension(digest: ReadableDigest): ReadableDigest {
	return { ...digest, path: digest.path.replace(/\.ko\..*/, ".ko") };
}
