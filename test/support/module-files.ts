// The module files of Debian's kernel package, for tests that compare over all of them.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { kernelPackage } from "./vm/kernel-package.js";

export type PackageModules = {
	readonly root: string;
	readonly release: string;
	/** The module directory. */
	readonly directory: string;
	/** Paths below the directory, sorted. */
	readonly paths: readonly string[];
};

export async function packageModules(): Promise<PackageModules> {
	const { root, release } = await kernelPackage();
	const directory = join(root, "lib/modules", release);
	const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
	return { root, release, directory, paths: names.filter((name) => name.endsWith(".ko")).sort() };
}

/** So many of them, spread over all. */
export function sample(paths: readonly string[], count: number): string[] {
	const step = paths.length / count;
	return Array.from({ length: count }, (_, n) => paths[Math.floor(n * step)]!);
}
