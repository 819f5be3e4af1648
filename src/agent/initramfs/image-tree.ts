// The files that an initramfs unpacks to, as a tree in memory. Symbolic links are followed within the tree alone: its root is the
// root of every absolute link, and ".." ends there.

export type ImageNode =
	| ImageDirectory
	| ImageFile
	| { readonly kind: "link"; readonly target: string }
	/** A device node, a FIFO or a socket. */
	| { readonly kind: "special" };

export type ImageDirectory = { readonly kind: "directory"; readonly names: Map<string, ImageNode> };

/** A file has several names where they are hard links. */
export type ImageFile = {
	readonly kind: "file";
	bytes: number;
	/** Absent where nothing asks for it. */
	content?: Buffer;
};

/** Where a path leads: a node, its directory and its path without links, which begins with a slash. */
export type ImagePlace = { readonly node: ImageNode; readonly path: string };

/** As many as Linux follows (path_resolution(7)). */
const MOST_LINKS = 40;
/** Names that are looked up while an image is unpacked: far more than its files have, and few enough for a second. */
const MOST_STEPS = 2 ** 25;

type Opened = { readonly directory: ImageDirectory; readonly name: string };

export class ImageTree {
	readonly root: ImageDirectory = { kind: "directory", names: new Map() };
	#steps = 0;

	/**
	 * Puts a node at a path, in place of what is there, as the kernel does when it unpacks archives one after the other. A directory
	 * that is there stays. Missing directories above are made.
	 * @returns the path of the node without links. Undefined when a link or a file on the way leads nowhere.
	 */
	place(path: string, node: ImageNode): string | undefined {
		const walked = this.#walk(path, { makes: true, followsLast: false });
		if (walked === undefined) return undefined;
		const { above, name } = walked;
		const { directory } = above.at(-1)!;
		const present = directory.names.get(name);
		if (name !== "" && !(node.kind === "directory" && present?.kind === "directory")) directory.names.set(name, node);
		return pathOf(above, name);
	}

	/** The node that a path leads to. Undefined when it leads nowhere, or in a loop. */
	find(path: string): ImagePlace | undefined {
		const walked = this.#walk(path, { makes: false, followsLast: true });
		if (walked === undefined) return undefined;
		const { above, name } = walked;
		const { directory } = above.at(-1)!;
		const node = name === "" ? directory : directory.names.get(name);
		return node && { node, path: pathOf(above, name) };
	}

	/** Every file by its path without links, names in byte order. @param each is not called for directories */
	list(each: (path: string, node: ImageNode) => void): void {
		const due: { readonly path: string; readonly node: ImageNode }[] = [{ path: "", node: this.root }];
		for (let next = due.pop(); next !== undefined; next = due.pop()) {
			const { path, node } = next;
			if (node.kind !== "directory") each(path, node);
			else
				for (const name of [...node.names.keys()].sort().reverse())
					due.push({ path: `${path}/${name}`, node: node.names.get(name)! });
		}
	}

	/** Whether a tree has cost so much that its archive can only be meant to take time. */
	get isSpent(): boolean {
		return this.#steps > MOST_STEPS;
	}

	/**
	 * The directories above the last name of a path, and that name: "" for the root, and for a path whose end is "..". With
	 * `followsLast`, a link of that name is followed too.
	 */
	#walk(path: string, { makes, followsLast }: { makes: boolean; followsLast: boolean }): Walked | undefined {
		const above: Opened[] = [{ directory: this.root, name: "" }];
		const due = namesIn(path);
		let links = 0;
		while (due.length > 0) {
			if (++this.#steps > MOST_STEPS && makes) return undefined;
			const name = due.pop()!;
			if (name === "..") {
				if (above.length > 1) above.pop();
				continue;
			}
			const isLast = due.length === 0;
			const { directory } = above.at(-1)!;
			const node = directory.names.get(name);
			if (node?.kind === "link" && (followsLast || !isLast)) {
				if (++links > MOST_LINKS) return undefined;
				if (node.target.startsWith("/")) above.length = 1;
				for (const part of namesIn(node.target)) due.push(part);
			} else if (isLast) return { above, name };
			else if (node === undefined && makes) above.push({ directory: makeDirectory(directory, name), name });
			else if (node?.kind === "directory") above.push({ directory: node, name });
			else return undefined;
		}
		return { above, name: "" };
	}
}

/** The names of a path, the last one first. */
const namesIn = (path: string): string[] =>
	path
		.split("/")
		.filter((name) => name !== "" && name !== ".")
		.reverse();

type Walked = { readonly above: readonly Opened[]; readonly name: string };

function makeDirectory(within: ImageDirectory, name: string): ImageDirectory {
	const made: ImageDirectory = { kind: "directory", names: new Map() };
	within.names.set(name, made);
	return made;
}

function pathOf(above: readonly Opened[], name: string): string {
	const names = above.slice(1).map((one) => one.name);
	return `/${[...names, ...(name === "" ? [] : [name])].join("/")}`;
}
