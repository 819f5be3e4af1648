// The module files of Debian's kernel package, for tests that compare all of them.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Compression, moduleTree } from "../vm/images/kernel-package.js";

export type PackageModules = {
	readonly root: string;
	readonly release: string;
	/** The module directory. */
	readonly directory: string;
	/** Paths below the directory, sorted. */
	readonly paths: readonly string[];
};

/** The module files of the package, or of a copy with compressed modules. */
export async function packageModules(compression: Compression = "plain"): Promise<PackageModules> {
	const { root, release } = await moduleTree(compression);
	const directory = join(root, "lib/modules", release);
	const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
	return { root, release, directory, paths: names.filter((name) => /\.ko(\.(xz|zst|gz))?$/.test(name)).sort() };
}

/** A sample of `count` paths, spread evenly over all. */
export function sample<Item>(paths: readonly Item[], count: number): Item[] {
	const step = paths.length / count;
	return Array.from({ length: count }, (_, n) => paths[Math.floor(n * step)]!);
}
