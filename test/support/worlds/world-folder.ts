// A world of world.ts in a folder, for processes that are to meet it: its indexes, a file for each module, its modprobe.d.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RELEASE, type World, worldFiles } from "./world.js";

/** The options that make the executable take it. */
export const worldWords = (folder: string): readonly string[] => [
	"-d",
	folder,
	"-S",
	RELEASE,
	"-C",
	join(folder, "etc/modprobe.d"),
];

export const moduleFile = (folder: string, module: string): string =>
	join(folder, "lib/modules", RELEASE, "kernel", `${module}.ko`);

/** No kernel would take these module files: they are for the stand-in. */
export function writeWorld(folder: string, world: World): void {
	const files = [...worldFiles(world)].filter(([path]) => !path.startsWith("/proc"));
	const modules = Object.keys(world.modules).map(
		(name) => [moduleFile(folder, name), Buffer.from("no module at all")] as const,
	);
	for (const [path, content] of [...files.map(([path, it]) => [join(folder, path), it] as const), ...modules]) {
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, content);
	}
}
