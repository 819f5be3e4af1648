// The project as a machine would have it installed: dist/ without its tests, and the packages of production.
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { asset, cache } from "./cache.js";
import { shell } from "./command.js";
import { makeDiskImage } from "./disk-image.js";

/** The repository's root: this file runs from dist/test/support/vm. */
export const projectRoot = fileURLToPath(new URL("../../../../", import.meta.url));

/** The text of one of the guest's own scripts. */
export function guestFile(name: string): string {
	return readFileSync(join(projectRoot, "test/support/vm/guest", name), "utf8");
}

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

/** A disk image of the project as it is built now; a new one whenever a file of it has changed. */
export async function projectImage(): Promise<string> {
	const files = installedPaths().flatMap((path) => [...filesIn(path)]);
	const hash = createHash("sha256");
	for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(projectRoot, file)));
	return await asset(`project-${hash.digest("hex").slice(0, 12)}.img`, async (draft) => {
		const tree = `${draft}.tree`;
		rmSync(tree, { recursive: true, force: true });
		for (const file of files) cpSync(join(projectRoot, file), join(tree, file));
		await shell('cd "$1"; [ ! -e dist/main.js ] || chmod 755 dist/main.js', tree);
		await makeDiskImage(tree, draft);
		rmSync(tree, { recursive: true });
		forgetOldImages();
	});
}

/** Every build makes an image: those of yesterday go. One that a guest still has open lives on until it ends. */
function forgetOldImages(): void {
	const yesterday = Date.now() - 24 * 3600 * 1000;
	for (const name of readdirSync(cache).filter((name) => /^project-.*\.img$/.test(name))) {
		if (statSync(join(cache, name)).mtimeMs < yesterday) rmSync(join(cache, name), { force: true });
	}
}
