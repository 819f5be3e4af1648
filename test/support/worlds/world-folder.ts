// Writes a world of world.ts into a folder for other processes: its indexes, a file for each module, and its modprobe.d.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RELEASE, type World, worldFiles } from "./world.js";

/** The options with which the executable uses the world. */
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

/** Writes the world. The module files are for the stand-in: no kernel would accept them. */
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
