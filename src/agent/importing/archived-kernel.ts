// The kernel of an archived machine: its release, its architecture, and the indexes of its modules. Pure.

import { attributeText } from "../../libkmod/formats/attribute.js";
import { parseDependencyLine } from "../../libkmod/formats/dependency-line.js";
import type { CapturedIndexes } from "../capture/capture.js";
import { type IndexPacking, packIndex } from "../capture/packed-index.js";
import type { ArchiveTree } from "./archive-tree.js";
import { indexOf } from "./needed-paths.js";
import { releaseOfUsbHub } from "./usb-hub-release.js";

export type ArchivedKernel = { readonly release?: string; readonly architecture?: string };

/** What the archive's files tell of the kernel that ran. The only kernel in /lib/modules is taken for it when none tells more. */
export function kernelOfArchive(tree: ArchiveTree): ArchivedKernel {
	const text = (path: string): string => attributeText(tree.files.get(path) ?? Buffer.alloc(0));
	const [, named, machine] = /^Linux \S+ (\S+) .*?(?:(\S+) GNU\/Linux)?$/m.exec(unameText(tree)) ?? [];
	const [, version] = /^Linux version (\S+) /.exec(text("/proc/version")) ?? [];
	const told = firstWord(text("/proc/sys/kernel/osrelease")) ?? version ?? named ?? hubRelease(tree);
	const release = told ?? onlyKernel(tree);
	const architecture = firstWord(text("/proc/sys/kernel/arch")) ?? machine;
	return { ...(release !== undefined && { release }), ...(architecture !== undefined && { architecture }) };
}

const firstWord = (text: string): string | undefined => /^[^ \t\n]+/.exec(text)?.[0];

/** A sosreport has uname -a. */
function unameText(tree: ArchiveTree): string {
	return attributeText(tree.files.get("/sos_commands/kernel/uname_-a") ?? Buffer.alloc(0));
}

function hubRelease({ files }: ArchiveTree): string | undefined {
	for (const [path, content] of files)
		if (path.endsWith("/manufacturer")) {
			const release = releaseOfUsbHub(attributeText(content));
			if (release !== undefined) return release;
		}
	return undefined;
}

function onlyKernel({ files }: ArchiveTree): string | undefined {
	const releases = new Set([...files.keys()].flatMap((path) => indexOf(path)?.release ?? []));
	return releases.size === 1 ? [...releases][0] : undefined;
}

/** Undefined without the index of aliases: other files alone would make every device one that no module is for. */
export function indexesOfArchive(tree: ArchiveTree, release: string, pack: IndexPacking): CapturedIndexes | undefined {
	const found = new Map<string, Buffer>();
	for (const [path, content] of tree.files) {
		const index = indexOf(path);
		if (index?.release === release) found.set(index.name, content);
	}
	if (!found.has("modules.alias.bin")) return undefined;
	const files = [...found]
		.sort(([one], [two]) => (one < two ? -1 : 1))
		.map(([name, content]) => [name, packIndex(content, pack)] as const);
	const missing = missingModules(tree, release, found.get("modules.dep"));
	return {
		directory: `/lib/modules/${release}`,
		files: Object.fromEntries(files),
		...(missing !== undefined && missing.length > 0 && { missing }),
	};
}

/** Undefined when the archive has no module file, so that it does not tell which of them are there. */
export function missingModules(
	{ moduleFiles }: ArchiveTree,
	release: string,
	dependencies: Buffer | undefined,
): readonly string[] | undefined {
	if (dependencies === undefined || moduleFiles.size === 0) return undefined;
	const isThere = (path: string): boolean =>
		path.startsWith("/") ? moduleFiles.has(path) : moduleFiles.has(`/lib/modules/${release}/${path}`);
	const lines = dependencies.toString("latin1").split("\n");
	return lines.flatMap((line) => {
		const path = parseDependencyLine(line)?.path;
		return path === undefined || isThere(path) ? [] : [path];
	});
}
