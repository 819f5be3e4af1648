// Lists the module files that exist, by the rules of depmod's walk: the modules that its indexes should have.

import { readDepmodConfig } from "../depmod/configuration.js";
import { isExcluded, isModuleFileName } from "../depmod/module-search.js";
import { MOST_NAMES_CHECKED } from "../kernel/bounds.js";
import { type Files, Refusal } from "../kernel/kernel.js";
import type { ModulesPlace } from "../kernel/other-root.js";
import { ifReadable } from "../kernel/presence.js";
import { normaliseModuleName } from "../text/module-name.js";

export type PresentModules = {
	/** Paths relative to the module directory. A directory that several links lead to is listed once. */
	readonly paths: readonly string[];
	/** Whether the walk saw every name: false when there were more names than a check reads. */
	readonly whole: boolean;
};

/**
 * The module files below the directory, as far as they can be read.
 * @param known module names for which the file's name is enough: the file itself is not looked at
 */
export function listPresentModules(
	files: Files,
	{ moduleDirectory, root = "" }: ModulesPlace,
	known: ReadonlySet<string>,
): PresentModules {
	// depmod itself reports the problems of its configuration.
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
	/** The path below the first directory with a trailing slash, or "". */
	readonly below: string;
	readonly names: readonly string[];
};

/**
 * The directories of a tree, in breadth-first order. Each is entered once: with links that form cycles, a tree has an unbounded
 * number of paths.
 */
class Directories {
	/** Grows while a caller iterates over it. */
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

	/** @returns whether the path is a directory: Files has no file types, so a directory is a path that can be listed */
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

/** A bound of 0 bytes: only the file type matters, and EFBIG means a regular file. */
const NO_BYTES = { bytes: 0, kind: "a module" } as const;

/**
 * Whether the path is a file for depmod, which ignores a FIFO, a socket and a device (such as a link to the null device). A
 * file without read permission is still a file.
 */
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
