// Where the kernel looks for a firmware file (Documentation/driver-api/firmware/fw_search_path.rst, drivers/base/firmware_loader),
// and which of the files that a module lists are there. Pure: files are read by the port.

import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable, isThere } from "../../libkmod/kernel/presence.js";
import { matchesWildcard } from "../../libkmod/text/wildcard.js";

export type FirmwareSearch = {
	/** The directories, in the kernel's order, those that are not there included; the root directory of another machine included. */
	readonly directories: readonly string[];
	/** What may follow a file's name, in the kernel's order: "", ".zst" and ".xz", as the kernel was built to decompress. */
	readonly suffixes: readonly string[];
	/**
	 * The files that are built into the kernel (CONFIG_EXTRA_FIRMWARE). Undefined where that is not known: the kernel lists them
	 * nowhere, and its configuration is not in /boot.
	 */
	readonly builtIn: readonly string[] | undefined;
};

/** A firmware file that a module lists, and where the kernel would find it. Undefined where it is in none of the places. */
export type FirmwareFile = { readonly name: string; readonly place: string | undefined };

/** The place of a file that is built into the kernel. */
export const BUILT_IN = "(built into the kernel)";

/** @param sysfs its path, and `root` that of the root directory of another machine, or "" */
export function planFirmwareSearch(
	files: Pick<Files, "read">,
	{ release, root = "", sysfs = "/sys" }: { readonly release: string; readonly root?: string; readonly sysfs?: string },
): FirmwareSearch {
	const custom = readText(files, `${sysfs}/module/firmware_class/parameters/path`)?.replace(/\n$/, "");
	const configuration =
		readText(files, `${root}/boot/config-${release}`) ?? readText(files, `${root}/lib/modules/${release}/config`);
	const firmware = `${root}/lib/firmware`;
	return {
		directories: [
			...(custom === undefined || custom === "" ? [] : [`${root}${custom}`]),
			...[`${firmware}/updates/${release}`, `${firmware}/updates`, `${firmware}/${release}`, firmware],
		],
		suffixes: configuration === undefined ? ["", ".zst", ".xz"] : suffixesOf(configuration),
		builtIn: configuration === undefined ? undefined : builtInBy(configuration),
	};
}

function readText(files: Pick<Files, "read">, path: string): string | undefined {
	return ifReadable(() => files.read(path, bounds.kernelBuild)?.toString("latin1"));
}

function suffixesOf(configuration: string): readonly string[] {
	const isSet = (option: string) => configuration.includes(`\nCONFIG_FW_LOADER_COMPRESS${option}=y\n`);
	// Before Linux 5.19, xz was the only one, and had no option of its own.
	const isOld = isSet("") && !/CONFIG_FW_LOADER_COMPRESS_(?:XZ|ZSTD)\b/.test(configuration);
	return ["", ...(isSet("_ZSTD") ? [".zst"] : []), ...(isSet("_XZ") || isOld ? [".xz"] : [])];
}

function builtInBy(configuration: string): readonly string[] {
	const [, names = ""] = /^CONFIG_EXTRA_FIRMWARE="(.*)"$/m.exec(configuration) ?? [];
	return names.split(" ").filter((name) => name !== "");
}

/** The paths at which the kernel looks for a file, in its order: it looks for a compressed one only where it found no plain one. */
export function listFirmwarePaths(name: string, { directories, suffixes }: FirmwareSearch): readonly string[] {
	return suffixes.flatMap((suffix) => directories.map((directory) => `${directory}/${name}${suffix}`));
}

/** Looks for files by the names that a module lists (`firmware` in modinfo). Some drivers list patterns, such as brcm/x*.bin. */
export function findFirmware(
	files: Pick<Files, "stamp" | "list">,
	names: readonly string[],
	search: FirmwareSearch,
): readonly FirmwareFile[] {
	// Most machines have one of the directories: the others are looked for once, and not for each file.
	const directories = search.directories.filter((directory) => isThere(files, directory));
	const present = { ...search, directories };
	return [...new Set(names)].map((name) => ({ name, place: findPlace(files, name, present) }));
}

function findPlace(files: Pick<Files, "stamp" | "list">, name: string, search: FirmwareSearch): string | undefined {
	const isPattern = /[*?[]/.test(name);
	const isMeant = (other: string) => (isPattern ? matchesWildcard(name, other) : name === other);
	if (search.builtIn?.some(isMeant) === true) return BUILT_IN;
	if (!isPattern) return listFirmwarePaths(name, search).find((path) => isThere(files, path));
	return findMatch(files, name, search);
}

/** The most directories that are listed for one pattern. */
const MOST_LISTED = 100;

function findMatch(files: Pick<Files, "list">, pattern: string, { directories, suffixes }: FirmwareSearch) {
	let left = MOST_LISTED;
	function descend(directory: string, parts: readonly string[]): string | undefined {
		const [part = "", ...more] = parts;
		if (left-- <= 0) return undefined;
		const names = ifReadable(() => files.list(directory)) ?? [];
		if (more.length > 0) {
			const below = names.filter((name) => matchesWildcard(part, name));
			for (const name of below.sort()) {
				const found = descend(`${directory}/${name}`, more);
				if (found !== undefined) return found;
			}
			return undefined;
		}
		const found = suffixes.flatMap((suffix) => names.filter((name) => matchesWildcard(part + suffix, name)).sort())[0];
		return found === undefined ? undefined : `${directory}/${found}`;
	}
	for (const directory of directories) {
		const found = descend(directory, pattern.split("/"));
		if (found !== undefined) return found;
	}
	return undefined;
}
