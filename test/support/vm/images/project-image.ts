// The project as it is installed on a machine: dist/ without its tests, and the production dependencies.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { asset, cache, digest, forget, lastAsked } from "./cache.js";
import { makeDiskImage } from "./disk-image.js";

/** The repository's root: this file runs from dist/test/support/vm/images. */
export const projectRoot = fileURLToPath(new URL("../../../../..", import.meta.url));

/** The paths, relative to the repository, that make up an installed hotplugd. */
function installedPaths(): string[] {
	const { files } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as { files: string[] };
	const { packages } = JSON.parse(readFileSync(join(projectRoot, "package-lock.json"), "utf8")) as {
		packages: Record<string, { dev?: boolean }>;
	};
	const modules = Object.keys(packages).filter((path) => path !== "" && !packages[path]!.dev);
	const paths = ["package.json", ...files.filter((path) => !path.startsWith("!")), ...modules];
	return paths.filter((path) => existsSync(join(projectRoot, path)));
}

function isShipped(path: string): boolean {
	return !/(^dist\/test(\/|$))|(^node_modules\/.*\/node_modules$)|(\.(map|d\.ts|md)$)/.test(path);
}

function* filesIn(path: string): Generator<string> {
	if (!isShipped(path)) return;
	if (!statSync(join(projectRoot, path)).isDirectory()) return yield path;
	for (const name of readdirSync(join(projectRoot, path)).sort()) yield* filesIn(`${path}/${name}`);
}

const programs: readonly string[] = ["dist/main.js", "dist/hotplugd-load"];

export interface Project {
	/** A short hash of the project's state. */
	readonly key: string;
	/** Writes the project into a new directory, readable by every user. */
	write(directory: string): void;
}

/**
 * The project as it is built now. The files are read at once and kept in memory, since another build may write while they are in
 * use.
 */
export function readProject(): Project {
	const paths = installedPaths().flatMap((path) => [...filesIn(path)]);
	const files = new Map(paths.map((path) => [path, readFileSync(join(projectRoot, path))]));
	return {
		key: digest(...programs, ...[...files].flat()),
		write(directory) {
			for (const [path, content] of files) {
				mkdirSync(dirname(join(directory, path)), { recursive: true });
				writeFileSync(join(directory, path), content);
				// The umask may have taken permissions away.
				chmodSync(join(directory, path), programs.includes(path) ? 0o755 : 0o644);
				for (let folder = dirname(path); folder !== "."; folder = dirname(folder))
					chmodSync(join(directory, folder), 0o755);
			}
			chmodSync(directory, 0o755);
		},
	};
}

/** A disk image of the project; a new image whenever a file of the project has changed. */
export async function projectImage(): Promise<string> {
	const project = readProject();
	return await asset(`project-${project.key}.img`, async (draft) => {
		const tree = `${draft}.tree`;
		rmSync(tree, { recursive: true, force: true });
		project.write(tree);
		await makeDiskImage(tree, draft);
		rmSync(tree, { recursive: true });
		forgetOldImages();
	});
}

/**
 * Every build makes an image: removes images that nobody asked for since yesterday. A guest that has an image open keeps it until
 * the guest ends.
 */
export function forgetOldImages(): void {
	const yesterday = Date.now() - 24 * 3600 * 1000;
	for (const name of readdirSync(cache).filter((name) =>
		/^(project|initrd)-[^.]*\.img$|^frozen-[^.]*\.zst$/.test(name),
	))
		if (lastAsked(name) < yesterday) forget(name);
}
