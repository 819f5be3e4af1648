// Walks a tree of module files, from which depmod makes its indexes. Symbolic links are followed, and a file is listed by each
// path that leads to it. The Tree lists directories and resolves links. (A check does not need every path: present-modules.ts.)
import { Refusal } from "../kernel/kernel.js";
import type { Walk, WalkFailure } from "./module-tree.js";

export type Entry = {
	/** The name's bytes, one character each. */
	readonly name: string;
	/** "other" for a symbolic link, and for an entry whose type is not known without stat(2). */
	readonly kind: "directory" | "file" | "other";
};

/** The target of a path, links followed. `identity` tells a directory from all others. */
export type WalkedEntry = { readonly kind: "directory"; readonly identity: string } | { readonly kind: "file" };

export interface Tree {
	/** The entries of a directory, in directory order. @throws {Refusal} */
	list(path: string): readonly Entry[];
	/** The target of a path. Undefined when the path does not exist. @throws {Refusal} which the walk reports as a failure */
	follow(path: string): WalkedEntry | undefined;
}

export type WalkOptions = {
	readonly root: string;
	readonly wanted: (name: string) => boolean;
	readonly passedOver: (name: string) => boolean;
	/** Limit on the names visited in all: links that form cycles make any tree endless. */
	readonly most: number;
};

/** The result of a walk. `whole` is false when the walk stopped at the limit on names. */
export type BoundedWalk = Walk & { readonly whole: boolean };

/** @throws {Refusal} where the root itself cannot be listed */
export function walkTree(tree: Tree, options: WalkOptions): BoundedWalk {
	const walk = new ModuleWalk(tree, options);
	return { whole: walk.run(), files: walk.files, failures: walk.failures };
}

type Directory = {
	/** The path below the root with a trailing slash, or "". */
	readonly below: string;
	readonly entries: Iterator<Entry>;
	/** Identities of the directories that links on the path lead to. A link to one of them closes a cycle. */
	readonly linked: readonly string[];
};

class ModuleWalk {
	readonly files: string[] = [];
	readonly failures: WalkFailure[] = [];
	readonly #tree: Tree;
	readonly #options: WalkOptions;
	/** A stack in place of recursion: the last directory is the current one. */
	readonly #directories: Directory[] = [];
	#left: number;

	constructor(tree: Tree, options: WalkOptions) {
		this.#tree = tree;
		this.#options = options;
		this.#left = options.most;
	}

	/** @returns whether the walk was complete */
	run(): boolean {
		this.#add("", this.#tree.list(this.#options.root), []);
		for (let last = this.#directories.at(-1); last !== undefined; last = this.#directories.at(-1)) {
			if (this.#left < 0) return false;
			const next = last.entries.next();
			if (next.done) this.#directories.pop();
			else this.#lookAt(last, next.value);
		}
		return true;
	}

	#add(below: string, entries: readonly Entry[], linked: readonly string[]): void {
		this.#left -= entries.length;
		this.#directories.push({ below, entries: entries[Symbol.iterator](), linked });
	}

	#lookAt({ below, linked }: Directory, { name, kind }: Entry): void {
		const { passedOver, wanted } = this.#options;
		if (passedOver(name)) return;
		const path = below + name;
		if (kind === "directory") this.#enter(path, linked);
		else if (kind === "other") this.#follow(path, name, linked);
		else if (wanted(name)) this.files.push(path);
	}

	#follow(path: string, name: string, linked: readonly string[]): void {
		const found = this.#try(path, (full) => this.#tree.follow(full));
		if (found?.kind === "directory") {
			if (!linked.includes(found.identity)) this.#enter(path, [...linked, found.identity]);
		} else if (found !== undefined && this.#options.wanted(name)) this.files.push(path);
	}

	#enter(path: string, linked: readonly string[]): void {
		const entries = this.#try(path, (full) => this.#tree.list(full), "open");
		if (entries !== undefined) this.#add(`${path}/`, entries, linked);
	}

	/** Records a Refusal as a failure, and the walk goes on. @param as the operation's name, if not that of the Refusal */
	#try<T>(path: string, read: (full: string) => T, as?: string): T | undefined {
		try {
			return read(`${this.#options.root}/${path}`);
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			const { operation, code, errno } = error;
			this.failures.push({ path, operation: as ?? operation, code, errno });
			return undefined;
		}
	}
}
