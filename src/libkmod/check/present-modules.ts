// The modules whose files are there, as depmod's walk finds them: those that its indexes should have.

import { readDepmodConfig } from "../depmod/configuration.js";
import { isExcluded, isModuleFileName } from "../depmod/module-search.js";
import { MOST_NAMES_CHECKED } from "../kernel/bounds.js";
import { type Files, Refusal } from "../kernel/kernel.js";
import type { ModulesPlace } from "../kernel/other-root.js";
import { ifReadable } from "../kernel/presence.js";
import { normaliseModuleName } from "../text/module-name.js";

export type PresentModules = {
	/** Relative to the module directory. Of a directory that links lead to again, what it holds is there once. */
	readonly paths: readonly string[];
	/** Whether there were no more names than a check looks at. */
	readonly whole: boolean;
};

/**
 * The module files below the directory, as far as that can be read.
 * @param known of these a file's name is enough: whether it leads to one is not looked at
 */
export function listPresentModules(
	files: Files,
	{ moduleDirectory, root = "" }: ModulesPlace,
	known: ReadonlySet<string>,
): PresentModules {
	// Depmod itself tells what is wrong with its configuration.
	const config = readDepmodConfig(files, { root }, []);
	const paths: string[] = [];
	const directories = new Directories(files, moduleDirectory);
	for (const { below, names } of directories.all)
		for (const name of names) {
			const path = below + name;
			if (isExcluded(name, config)) continue;
			if (isModuleFileName(name) && known.has(normaliseModuleName(name))) paths.push(path);
			else if (!directories.enter(path) && isModuleFileName(name) && isFile(files, `${moduleDirectory}/${path}`, root))
				paths.push(path);
		}
	return { paths, whole: directories.whole };
}

type Directory = {
	/** Its path below the first, with a slash behind it, or empty. */
	readonly below: string;
	readonly names: readonly string[];
};

/** Each is entered once, by the shortest way: a tree whose links lead in circles has ways by the million, and no end of them. */
class Directories {
	/** Grows while it is gone through. */
	readonly all: Directory[] = [];
	whole = true;
	readonly #files: Files;
	readonly #top: string;
	readonly #entered = new Set<string>();
	#left = MOST_NAMES_CHECKED;

	constructor(files: Files, top: string) {
		this.#files = files;
		this.#top = top;
		this.enter("");
	}

	/** @returns whether it is a directory: files tell no kinds, and one is what can be listed */
	enter(path: string): boolean {
		const full = path === "" ? this.#top : `${this.#top}/${path}`;
		const names = ifReadable(() => this.#files.list(full));
		if (names === undefined) return false;
		const identity = ifReadable(() => this.#files.stamp(full)) ?? full;
		if (this.#entered.has(identity)) return true;
		this.#entered.add(identity);
		this.#left -= names.length;
		this.whole &&= this.#left >= 0;
		if (this.whole) this.all.push({ below: path === "" ? "" : `${path}/`, names });
		return true;
	}
}

/** Its size is of no matter. */
const NO_BYTES = { bytes: 0, kind: "module" } as const;

/** Depmod passes over a FIFO, a socket and a device, as the null device is. What may not be read is a file nevertheless. */
function isFile(files: Files, path: string, root: string): boolean {
	const stamp = ifReadable(() => files.stamp(path));
	if (stamp === undefined || stamp === ifReadable(() => files.stamp(`${root}/dev/null`))) return false;
	try {
		files.read(path, NO_BYTES);
		return true;
	} catch (error) {
		if (error instanceof Refusal) return error.code !== "EINVAL" && error.code !== "ENXIO";
		throw error;
	}
}
