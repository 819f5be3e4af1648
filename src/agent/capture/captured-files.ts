// The files of a captured machine: those that the capture lists, the indexes of its kernel's modules, and what /sys/module tells of
// each loaded module, by /proc/modules. Every other file is absent. Pure.

import { isModuleFileName } from "../../libkmod/depmod/module-search.js";
import { type LoadedModule, parseProcModules } from "../../libkmod/formats/proc-modules.js";
import { type Bound, bounds, explainTooLarge } from "../../libkmod/kernel/bounds.js";
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { once } from "../../libkmod/kernel/once.js";
import type { CaptureFiles } from "../../ports/capture-files.js";
import type { Capture, CapturedIndex, CapturedIndexes } from "./capture.js";
import { sortAsSysfs } from "./sysfs-order.js";

/** What a capture's indexes are opened with. */
export type IndexOpener = Pick<CaptureFiles, "gunzip" | "sha256">;

/**
 * A module file counts as there unless the capture says that it is missing, though its content is not in the capture.
 * An index is decompressed when it is first read, and checked against its digest.
 */
export function openCapturedFiles(capture: Capture, opener: IndexOpener): Files {
	const contents = once(() => listContents(capture, opener));
	const directories = once(() => listDirectories(contents().keys()));
	const missing = new Set(capture.modules?.missing);
	const modulesBelow = capture.modules === undefined ? undefined : `${capture.modules.directory}/`;
	const isThere = (path: string): boolean => {
		if (contents().has(path) || directories().has(path)) return true;
		if (modulesBelow === undefined || !path.startsWith(modulesBelow)) return false;
		// The directory of the module files, where it is known which of them are there.
		if (path === `${modulesBelow}kernel`) return capture.modules?.missing !== undefined;
		if (!isModuleFileName(path)) return false;
		return !missing.has(path.slice(modulesBelow.length)) && !missing.has(path);
	};
	return {
		read(path, bound = bounds.small) {
			const read = contents().get(path);
			if (read !== undefined) return withinBound(path, read(), bound);
			if (directories().has(path)) throw refuse(path, "EISDIR", "it is a directory");
			return undefined;
		},
		list(path) {
			const names = directories().get(path === "/" ? "" : path.replace(/\/+$/, ""));
			return names && [...names];
		},
		stamp: (path) => (isThere(path) ? `captured:${path}` : undefined),
		leadsNowhere: () => false,
	};
}

const refuse = (subject: string, code: "EISDIR" | "EFBIG" | "EINVAL" | "ENODATA", reason: string): Refusal =>
	new Refusal({ operation: "read", subject, code, reason });

function withinBound(path: string, content: Buffer, bound: Bound): Buffer {
	if (content.length > bound.bytes) throw refuse(path, "EFBIG", explainTooLarge(bound));
	return content;
}

/** The files by their paths, each with the function that gives its content. */
function listContents(capture: Capture, opener: IndexOpener): ReadonlyMap<string, () => Buffer> {
	const contents = new Map<string, () => Buffer>();
	const add = (path: string, content: string): void => void contents.set(path, () => Buffer.from(content, "latin1"));
	const { files, modules } = capture;
	for (const module of parseProcModules(files["/proc/modules"] ?? ""))
		for (const [path, content] of tellOfModule(module)) add(path, content);
	for (const path in files) add(path, files[path]!);
	for (const name in modules?.files) {
		const path = `${modules.directory}/${name}`;
		contents.set(
			path,
			once(() => openIndexFile(path, modules, modules.files[name]!, opener)),
		);
	}
	return contents;
}

/** The files of /sys/module/MODULE that tools read (Documentation/ABI/testing/sysfs-module). */
function* tellOfModule({ module, size, references, holders, state }: LoadedModule): Generator<[string, string]> {
	const directory = `/sys/module/${module}`;
	yield [`${directory}/coresize`, `${size}\n`];
	yield [`${directory}/refcnt`, `${references}\n`];
	yield [`${directory}/initstate`, `${state}\n`];
	for (const holder of sortAsSysfs(holders)) yield [`${directory}/holders/${holder}`, ""];
}

function openIndexFile(
	path: string,
	{ package: kernel }: CapturedIndexes,
	{ bytes, sha256, gzip }: CapturedIndex,
	{ gunzip, sha256: digest }: IndexOpener,
): Buffer {
	if (gzip === undefined) throw refuse(path, "ENODATA", explainDigestAlone(kernel));
	const content = decompress(path, () => gunzip(Buffer.from(gzip, "base64"), bytes), bytes);
	if (content.length !== bytes || digest(content) !== sha256)
		throw refuse(path, "EINVAL", "its content in the capture is not the one of the digest beside it");
	return content;
}

/** A clause for a message about an index whose content is not in the capture. */
export function explainDigestAlone(kernel: CapturedIndexes["package"]): string {
	const named = kernel === undefined ? "the package of that kernel" : `the package ${kernel.name} ${kernel.version}`;
	return `the capture holds its digest alone: unpack ${named} into a directory and name that by -d`;
}

function decompress(path: string, gunzip: () => Buffer, bytes: number): Buffer {
	try {
		return gunzip();
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		const why =
			error.code === "EFBIG" ? `larger than the ${bytes} bytes that the capture says` : "damaged: it is no gzip";
		throw refuse(path, "EINVAL", `its content in the capture is ${why}`);
	}
}

/** The names in each directory above a file, the directory's path without a slash at its end. */
function listDirectories(paths: Iterable<string>): ReadonlyMap<string, ReadonlySet<string>> {
	const directories = new Map<string, Set<string>>();
	for (const path of paths)
		for (let end = path.lastIndexOf("/"), below = path; end >= 0; end = below.lastIndexOf("/")) {
			const directory = below.slice(0, end);
			const names = directories.get(directory);
			const name = below.slice(end + 1);
			if (names?.has(name)) break;
			if (names === undefined) directories.set(directory, new Set([name]));
			else names.add(name);
			below = directory;
		}
	return directories;
}
