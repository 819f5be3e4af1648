// The distribution's package that a kernel's modules come from, by the text files of package managers: dpkg-query(1)'s database,
// pacman's (/var/lib/pacman/local) and apk's (/lib/apk/db/installed). rpm's database is no text. Pure but for the port.

import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";
import type { CapturedIndexes } from "../capture/capture.js";

type Package = NonNullable<CapturedIndexes["package"]>;
type Place = { readonly root: string; readonly release: string };

/** Every kernel has this file, and its package alone. */
const OF_EVERY_KERNEL = "modules.builtin";

export function findKernelPackage(files: Pick<Files, "read" | "list">, place: Place): Package | undefined {
	return findInDpkg(files, place) ?? findInPacman(files, place) ?? findInApk(files, place);
}

const pathsOf = (release: string): readonly string[] => [
	`/lib/modules/${release}/${OF_EVERY_KERNEL}`,
	`/usr/lib/modules/${release}/${OF_EVERY_KERNEL}`,
];

function findInDpkg(files: Pick<Files, "read" | "list">, { root, release }: Place): Package | undefined {
	const directory = `${root}/var/lib/dpkg/info`;
	const lists = (ifReadable(() => files.list(directory)) ?? []).filter((name) =>
		/(?:linux|kernel).*\.list$/.test(name),
	);
	const paths = pathsOf(release);
	const list = lists.sort().find((name) => linesIn(files, `${directory}/${name}`).some((line) => paths.includes(line)));
	if (list === undefined) return undefined;
	const [name = ""] = list.replace(/\.list$/, "").split(":");
	for (const stanza of textIn(files, `${root}/var/lib/dpkg/status`).split("\n\n")) {
		const lines = stanza.split("\n");
		if (!lines.includes(`Package: ${name}`)) continue;
		const version = lines.find((line) => line.startsWith("Version: "))?.slice("Version: ".length);
		if (version !== undefined) return { name, version };
	}
	return undefined;
}

function findInPacman(files: Pick<Files, "read" | "list">, { root, release }: Place): Package | undefined {
	const directory = `${root}/var/lib/pacman/local`;
	const paths = pathsOf(release).map((path) => path.slice(1));
	for (const entry of (ifReadable(() => files.list(directory)) ?? []).sort()) {
		if (!linesIn(files, `${directory}/${entry}/files`).some((line) => paths.includes(line))) continue;
		const lines = linesIn(files, `${directory}/${entry}/desc`);
		const behind = (field: string): string | undefined => lines[lines.indexOf(field) + 1];
		const [name, version] = [behind("%NAME%"), behind("%VERSION%")];
		if (name !== undefined && version !== undefined && lines.includes("%NAME%") && lines.includes("%VERSION%"))
			return { name, version };
	}
	return undefined;
}

function findInApk(files: Pick<Files, "read">, { root, release }: Place): Package | undefined {
	for (const stanza of textIn(files, `${root}/lib/apk/db/installed`).split("\n\n")) {
		const lines = stanza.split("\n");
		const folder = lines.indexOf(`F:lib/modules/${release}`);
		if (folder < 0) continue;
		const next = lines.findIndex((line, at) => at > folder && line.startsWith("F:"));
		if (!lines.slice(folder, next < 0 ? undefined : next).includes(`R:${OF_EVERY_KERNEL}`)) continue;
		const field = (letter: string) => lines.find((line) => line.startsWith(`${letter}:`))?.slice(2);
		const [name, version] = [field("P"), field("V")];
		if (name !== undefined && version !== undefined) return { name, version };
	}
	return undefined;
}

const textIn = (files: Pick<Files, "read">, path: string): string =>
	ifReadable(() => files.read(path, bounds.packages))?.toString("latin1") ?? "";

const linesIn = (files: Pick<Files, "read">, path: string): readonly string[] => textIn(files, path).split("\n");
