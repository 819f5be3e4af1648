// Which module files lie below a directory, links followed, by each way that leads to them: depmod makes its indexes of them. What a
// directory holds and where a link leads is the machine's to say. (A check has no need of the ways: present-modules.ts.)
import { Refusal } from "../kernel/kernel.js";
import type { Walk, WalkFailure } from "./module-tree.js";

export type Entry = {
	/** Its bytes, one character each. */
	readonly name: string;
	/** "other" for a symbolic link, and where it is not known without another look. */
	readonly kind: "directory" | "file" | "other";
};

/** What is found at a path, links followed. Of a directory also what tells it from all others. */
export type WalkedEntry = { readonly kind: "directory"; readonly identity: string } | { readonly kind: "file" };

export interface Tree {
	/** What is in a directory, in its own order. @throws {Refusal} */
	list(path: string): readonly Entry[];
	/** Undefined where there is nothing. @throws {Refusal} of which a walk tells */
	follow(path: string): WalkedEntry | undefined;
}

export type WalkOptions = {
	readonly root: string;
	readonly wanted: (name: string) => boolean;
	readonly passedOver: (name: string) => boolean;
	/** How many names may be met in all: links that lead in circles make any tree endless. */
	readonly most: number;
};

/** Whether the walk ended before it met more names than it may. */
export type BoundedWalk = Walk & { readonly whole: boolean };

/** @throws {Refusal} where the root itself cannot be listed */
export function walkTree(tree: Tree, options: WalkOptions): BoundedWalk {
	const walk = new ModuleWalk(tree, options);
	return { whole: walk.run(), files: walk.files, failures: walk.failures };
}

type Directory = {
	/** Its path below the root, with a slash behind it, or empty. */
	readonly below: string;
	readonly entries: Iterator<Entry>;
	/** The directories that links have led to on the way to it: where a link leads to one of them again, it leads in a circle. */
	readonly linked: readonly string[];
};

class ModuleWalk {
	readonly files: string[] = [];
	readonly failures: WalkFailure[] = [];
	readonly #tree: Tree;
	readonly #options: WalkOptions;
	/** A stack in place of recursion: the directory that is looked at is the last. */
	readonly #directories: Directory[] = [];
	#left: number;

	constructor(tree: Tree, options: WalkOptions) {
		this.#tree = tree;
		this.#options = options;
		this.#left = options.most;
	}

	/** @returns whether all was looked at */
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

	/** What cannot be read is noted, and the walk goes on. @param as the operation's name, if not that of the Refusal */
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
