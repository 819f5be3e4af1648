// The small text files of an archived machine that a capture has: configuration, and what the kernel tells in /proc and /sys. Pure.

import { attributeText, attributeWord } from "../../libkmod/formats/attribute.js";
import { endOfLinks } from "./archive-links.js";
import type { ArchiveTree } from "./archive-tree.js";
import { configurationPlaces, indexOf, kernelFiles } from "./needed-paths.js";

export type ArchivedFiles = {
	readonly files: Readonly<Record<string, string>>;
	/** Paths that the machine may have, and the archive does not hold. */
	readonly lacks: readonly string[];
};

export function filesOfArchive(tree: ArchiveTree): ArchivedFiles {
	const files = new Map<string, string>();
	const lacks: string[] = [];
	for (const [path, content] of tree.files) {
		if (!/^\/(?:proc|sys|sos_commands)\//.test(path) && indexOf(path) === undefined)
			files.set(path, content.toString("latin1"));
	}
	for (const path of tree.links.keys()) {
		if (path.startsWith("/sys/")) continue;
		const content = linkedContent(tree, path);
		if (content === undefined) lacks.push(path);
		else files.set(path, content);
	}
	for (const path of kernelFiles) {
		// An archiver asks for the size of a file in /proc, is told that it is 0, and stores nothing.
		const text = attributeText(tree.files.get(path) ?? Buffer.alloc(0));
		// An address of the kernel is nobody's business.
		if (text !== "") files.set(path, path === "/proc/modules" ? text.replaceAll(/ 0x[0-9a-f]+/g, NO_ADDRESS) : text);
		else if (path === "/proc/modules" && isLiveKnown(tree)) files.set(path, liveModules(tree));
		else lacks.push(path);
	}
	const held = [...tree.files.keys(), ...tree.links.keys(), ...tree.directories];
	for (const directory of configurationPlaces)
		if (!held.some((path) => path === directory || path.startsWith(`${directory}/`))) lacks.push(directory);
	return { files: Object.fromEntries([...files].sort(([one], [two]) => (one < two ? -1 : 1))), lacks };
}

const NO_ADDRESS = " 0x0000000000000000";

/** A link of configuration to /dev/null masks the files of its name, and so counts as an empty file. */
function linkedContent(tree: ArchiveTree, path: string): string | undefined {
	const end = endOfLinks(tree.links, path);
	if (end === "/dev/null") return "";
	return end === undefined ? undefined : tree.files.get(end)?.toString("latin1");
}

const initstatePaths = (tree: ArchiveTree): readonly string[] =>
	[...tree.files.keys()].filter((path) => /^\/sys\/module\/[^/]+\/initstate$/.test(path));

/** A module that is built in has no such file, so that the files tell of live modules where there are any. */
const isLiveKnown = (tree: ArchiveTree): boolean => initstatePaths(tree).length > 0;

const STATES: ReadonlyMap<string, string> = new Map([
	["live", "Live"],
	["coming", "Loading"],
	["going", "Unloading"],
]);

/** What /sys/module tells of live modules, as proc_modules(5) has it: by name, since /sys does not tell their order. */
function liveModules(tree: ArchiveTree): string {
	const lines = initstatePaths(tree).flatMap((path) => {
		const directory = path.slice(0, -"/initstate".length);
		const word = (name: string): string => attributeWord(tree.files.get(`${directory}/${name}`) ?? Buffer.alloc(0));
		const number = (name: string, otherwise: string): string =>
			/^\d{1,15}$/.test(word(name)) ? word(name) : otherwise;
		const state = STATES.get(word("initstate"));
		const module = directory.slice("/sys/module/".length);
		if (state === undefined || /[ \n]/.test(module)) return [];
		const holders = holdersOf(tree, directory)
			.map((name) => `${name},`)
			.join("");
		const counts = `${number("coresize", "0")} ${number("refcnt", "-")}`;
		return [`${module} ${counts} ${holders || "-"} ${state}${NO_ADDRESS}\n`];
	});
	return lines.sort().join("");
}

function holdersOf({ links }: ArchiveTree, directory: string): readonly string[] {
	const above = `${directory}/holders/`;
	return [...links.keys()].filter((path) => path.startsWith(above)).map((path) => path.slice(above.length));
}
