// The part of an archived machine that a capture needs, in memory: small files, links as text, and directories that count by their
// being there. No link is ever followed out of the archive. Pure.

import { type ArchiveRoot, machinePath, plainName } from "./archive-root.js";
import { isModuleFile, isNeededDirectory, isNeededFile, isNeededLink, mostBytesOf } from "./needed-paths.js";
import type { TarEntry } from "./tar-entries.js";
import { UnreadableReport } from "./unreadable-report.js";

/** All paths are absolute on the machine. */
export type ArchiveTree = {
	readonly files: ReadonlyMap<string, Buffer>;
	readonly links: ReadonlyMap<string, string>;
	readonly directories: ReadonlySet<string>;
	/** Paths of module files, /usr/lib/modules as /lib/modules. */
	readonly moduleFiles: ReadonlySet<string>;
	/** Files that are there, and hold more than they may. */
	readonly tooLarge: readonly string[];
	/** Files of which an archiver has stored only the parts with data. */
	readonly sparse: number;
};

// The most files, links and directories that are kept: sixteen times as many as a large server's devices have.
const MOST_KEPT = 2 ** 21;

/** As when the archive is unpacked, an entry replaces an earlier one of its path. @throws {UnreadableReport} */
export function readArchiveTree(entries: Iterable<TarEntry>, root: ArchiveRoot): ArchiveTree {
	const tree = { files: new Map<string, Buffer>(), links: new Map<string, string>(), directories: new Set<string>() };
	const moduleFiles = new Set<string>();
	const hardLinks = new Map<string, string>();
	const tooLarge: string[] = [];
	let sparse = 0;
	for (const entry of entries) {
		const path = pathOf(entry.name, root);
		if (path === undefined) continue;
		const { kind } = entry;
		if (kind !== "directory") for (const map of [tree.files, tree.links, hardLinks]) map.delete(path);
		if (isModuleFile(path) && kind !== "directory") moduleFiles.add(path.replace(/^\/usr\//, "/"));
		else if (kind === "directory" && isNeededDirectory(path)) tree.directories.add(path);
		else if (kind === "link" && isNeededLink(path)) tree.links.set(path, entry.target);
		else if (kind === "hard link" && isNeededFile(path)) hardLinks.set(path, entry.target);
		else if (kind === "file" && isNeededFile(path)) {
			if (entry.sparse) sparse++;
			const content = entry.content(mostBytesOf(path));
			if (content === undefined) tooLarge.push(path);
			else tree.files.set(path, content);
		}
		if (tree.files.size + tree.links.size + tree.directories.size + hardLinks.size + moduleFiles.size > MOST_KEPT)
			throw tooMany();
	}
	resolveHardLinks(entries, root, hardLinks, tree.files);
	return { ...tree, moduleFiles, tooLarge, sparse };
}

const tooMany = (): UnreadableReport =>
	new UnreadableReport(
		`it is a tar archive with more than ${MOST_KEPT.toLocaleString("en")} files that a capture needs`,
	);

function pathOf(name: string, root: ArchiveRoot): string | undefined {
	const plain = plainName(name);
	return plain === undefined ? undefined : machinePath(root, plain);
}

/** A second entry for the same file has no content: the archive's first entry for it has, whatever its name. */
function resolveHardLinks(
	entries: Iterable<TarEntry>,
	root: ArchiveRoot,
	links: ReadonlyMap<string, string>,
	files: Map<string, Buffer>,
): void {
	if (links.size === 0) return;
	const sought = new Map<string, string[]>();
	for (const [path, target] of links) {
		const origin = pathOf(target, root);
		if (origin !== undefined) push(sought, origin, path);
	}
	for (const entry of entries) {
		const paths = entry.kind === "file" ? sought.get(pathOf(entry.name, root) ?? "") : undefined;
		for (const path of paths ?? []) {
			const content = entry.content(mostBytesOf(path));
			if (content !== undefined) files.set(path, content);
		}
	}
}

function push(lists: Map<string, string[]>, key: string, value: string): void {
	const list = lists.get(key);
	if (list === undefined) lists.set(key, [value]);
	else list.push(value);
}
