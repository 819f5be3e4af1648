// The kernel's modules within an initramfs: whose kernel they are of, their files, and the indexes and the configuration by which
// modprobe looks for them there. An image without indexes, such as one of booster's, is judged by the indexes of the machine.

import { isModuleFileName } from "../../libkmod/depmod/module-search.js";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files, Problem } from "../../libkmod/kernel/kernel.js";
import { moduleDirectories, moduleFileIn } from "../../libkmod/kernel/other-root.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";
import { readConfiguration } from "../../libkmod/knowledge/configuration.js";
import { emptyIndexes, readIndexesLeniently } from "../../libkmod/knowledge/indexes.js";
import { type Knowledge, makeKnowledge } from "../../libkmod/knowledge/knowledge.js";
import { normaliseModuleName } from "../../libkmod/text/module-name.js";
import { needsPassphrase } from "./crypttab.js";
import type { Image } from "./image.js";
import { filesOfImage } from "./image-files.js";
import { listNamedModules } from "./named-modules.js";

export type ImageKernel = {
	/** Undefined where the modules lie in no directory of a release, and nothing names their kernel. */
	readonly release: string | undefined;
	/** All releases with a directory in the image. */
	readonly releases: readonly string[];
	/** Set where another release is asked for than those in the image: then none of its modules counts. */
	readonly unfit?: string;
	/** What is known by the indexes, and the configuration of the image. */
	readonly knowledge: Knowledge;
	/** Whose indexes these are: the image's own, the machine's, or of nobody. */
	readonly indexes: "image" | "machine" | "none";
	/** By module: the path of its file. */
	readonly modules: ReadonlyMap<string, string>;
	/** Whether a file is where an index of the image says, relative to the directory of the modules or absolute. */
	isThere(path: string): boolean;
	/** By module: the line in the image by which it is loaded, whatever devices there are. */
	readonly named: ReadonlyMap<string, Source>;
	/** Whether a person has to type a passphrase where a disk is encrypted. */
	readonly asksPassphrase: boolean;
	/** Lines and files of the image that do not count. */
	readonly problems: readonly Problem[];
};

export type ImageKernelOptions = {
	/** The release that the call asks for. */
	readonly wanted?: string | undefined;
	/** The release of the machine. */
	readonly machine?: string | undefined;
	/** What is known of the machine's modules. */
	readonly knowledge?: Knowledge | undefined;
	/** The text of the kernel command line. Default: none. */
	readonly commandLine?: string | undefined;
};

/** Looks for the modules in an image. Never throws for an index that cannot be read: it counts as missing. */
export function findImageKernel(image: Image, options: ImageKernelOptions): ImageKernel {
	const files = filesOfImage(image.tree);
	const releases = listReleases(files);
	const chosen = chooseRelease(releases, options);
	const release = chosen ?? boosterRelease(files);
	const directory = directoryOf(files, chosen);
	const problems: Problem[] = [];
	const indexes = readIndexesLeniently(files, directory, problems);
	const hasOwn = !indexes.unusable?.has("dependencies") && !indexes.unusable?.has("aliases");
	const isSame = release === undefined || release === options.machine;
	const lent = !hasOwn && isSame ? options.knowledge?.indexes : undefined;
	const configuration = readConfiguration(files, {
		moduleDirectory: directory,
		kernelCommandLine: options.commandLine ?? "",
	});
	const { wanted } = options;
	return {
		release,
		releases,
		...(wanted !== undefined && release !== undefined && release !== wanted && { unfit: wanted }),
		knowledge: makeKnowledge(directory, hasOwn ? indexes : (lent ?? emptyIndexes(directory)), configuration),
		indexes: hasOwn ? "image" : lent === undefined ? "none" : "machine",
		modules: listModuleFiles(image, chosen),
		isThere: (path) => image.tree.find(moduleFileIn({ moduleDirectory: directory }, path))?.node.kind === "file",
		named: listNamedModules(files),
		asksPassphrase: needsPassphrase(files),
		problems: [...configuration.problems, ...(hasOwn ? problems : [])],
	};
}

/** The releases that have a directory, each once. */
function listReleases(files: Files): readonly string[] {
	const found = new Set<string>();
	for (const place of moduleDirectories)
		for (const name of ifReadable(() => files.list(place)) ?? [])
			if (files.list(`${place}/${name}`) !== undefined) found.add(name);
	return [...found].sort();
}

function chooseRelease(releases: readonly string[], { wanted, machine }: ImageKernelOptions): string | undefined {
	return [wanted, machine].find((one) => one !== undefined && releases.includes(one)) ?? releases[0];
}

/** booster's modules lie in no directory of a release: its configuration names the kernel. */
function boosterRelease(files: Files): string | undefined {
	const text = ifReadable(() => files.read("/etc/booster.init.yaml", bounds.configuration)?.toString("latin1"));
	return /^kernel: *["']?([^ "'\n]+)/m.exec(text ?? "")?.[1];
}

function directoryOf(files: Files, release: string | undefined): string {
	const name = release ?? "";
	return (
		moduleDirectories.map((place) => `${place}/${name}`).find((path) => files.list(path) !== undefined) ??
		`/lib/modules/${name}`
	);
}

/** Module files of a release, or in no directory of a release. Links to a module count by their own name. */
function listModuleFiles({ tree }: Image, release: string | undefined): ReadonlyMap<string, string> {
	const found = new Map<string, string>();
	tree.list((path, node) => {
		if (!isModuleFileName(path)) return;
		const [, within] = /^\/(?:usr\/)?lib\/modules\/([^/]+)\//.exec(path) ?? [];
		if (within !== undefined && within !== release) return;
		const isFile = node.kind === "file" || (node.kind === "link" && tree.find(path)?.node.kind === "file");
		const module = normaliseModuleName(path);
		if (isFile && !found.has(module)) found.set(module, path);
	});
	return found;
}
