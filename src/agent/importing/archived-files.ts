// The small text files of an archived machine that a capture has, by the rules of the capture command: configuration without its
// comments, and what the kernel tells in /proc and /sys. Pure.

import { attributeText, attributeWord } from "../../libkmod/formats/attribute.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { takeFiles } from "../taking/taken-files.js";
import { endOfLinks } from "./archive-links.js";
import type { ArchiveTree } from "./archive-tree.js";
import { configurationPlaces, kernelFiles } from "./needed-paths.js";

export type ArchivedFiles = {
	readonly files: Readonly<Record<string, string>>;
	/** Paths that the machine may have, and the archive does not hold. */
	readonly lacks: readonly string[];
};

export function filesOfArchive(tree: ArchiveTree): ArchivedFiles {
	const files = readingArchive(tree);
	const taken = takeFiles(files, { root: "", sysfs: "/sys", rulesDirectory: "" }).files;
	const held = [...tree.files.keys(), ...tree.links.keys(), ...tree.directories];
	const isHeld = (place: string): boolean => held.some((path) => path === place || path.startsWith(`${place}/`));
	const dangling = [...tree.links.keys()].filter((path) => !path.startsWith("/sys/") && files.read(path) === undefined);
	return {
		files: Object.fromEntries([...taken].sort(([one], [two]) => (one < two ? -1 : 1))),
		lacks: [
			...kernelFiles.filter((path) => !taken.has(path)),
			...configurationPlaces.filter((place) => !isHeld(place)),
			...dangling,
		],
	};
}

/** The archive's files as the port Files has them. Links count as the files in the archive that they lead to. */
function readingArchive(tree: ArchiveTree): Pick<Files, "read" | "list"> {
	const paths = [...tree.files.keys(), ...tree.links.keys()];
	return {
		read(path) {
			const end = endOfLinks(tree.links, path);
			// Such a link masks the files of its name.
			if (end === "/dev/null") return Buffer.alloc(0);
			const content = end === undefined ? undefined : tree.files.get(end);
			if (!path.startsWith("/proc/")) return content;
			// An archiver asks for the size of a file in /proc, is told that it is 0, and stores nothing.
			if (content !== undefined && attributeText(content) !== "") return content;
			return path === "/proc/modules" ? liveModules(tree) : undefined;
		},
		list(directory) {
			const above = `${directory}/`;
			const names = paths.filter((path) => path.startsWith(above)).map((path) => path.slice(above.length));
			return names.length > 0 || tree.directories.has(directory)
				? names.filter((name) => !name.includes("/"))
				: undefined;
		},
	};
}

const STATES: ReadonlyMap<string, string> = new Map([
	["live", "Live"],
	["coming", "Loading"],
	["going", "Unloading"],
]);

/**
 * What /sys/module tells of live modules, as proc_modules(5) has it: by name, since /sys does not tell their order. Undefined when
 * no module has the file `initstate`, which one that is built in lacks.
 */
function liveModules(tree: ArchiveTree): Buffer | undefined {
	const modules = [...tree.files.keys()].flatMap(
		(path) => /^\/sys\/module\/([^/ \n]+)\/initstate$/.exec(path)?.[1] ?? [],
	);
	if (modules.length === 0) return undefined;
	const holders = holdersByModule(tree);
	const lines = modules.sort().map((module) => liveModule(tree, module, holders.get(module) ?? ""));
	return Buffer.from(lines.join(""), "latin1");
}

/** The names in the directory `holders` of each module, each with a comma behind. */
function holdersByModule({ links }: ArchiveTree): ReadonlyMap<string, string> {
	const holders = new Map<string, string>();
	for (const path of links.keys()) {
		const [, module, holder] = /^\/sys\/module\/([^/]+)\/holders\/([^/ \n]+)$/.exec(path) ?? [];
		if (module !== undefined) holders.set(module, `${holders.get(module) ?? ""}${holder},`);
	}
	return holders;
}

function liveModule({ files }: ArchiveTree, module: string, holders: string): string {
	const directory = `/sys/module/${module}`;
	const word = (name: string): string => attributeWord(files.get(`${directory}/${name}`) ?? Buffer.alloc(0));
	const number = (name: string, otherwise: string): string => (/^\d{1,15}$/.test(word(name)) ? word(name) : otherwise);
	const state = STATES.get(word("initstate"));
	if (state === undefined) return "";
	const counts = `${number("coresize", "0")} ${number("refcnt", "-")}`;
	return `${module} ${counts} ${holders || "-"} ${state} 0x0000000000000000\n`;
}
