// The indexes of a kernel's modules as a capture holds them. Pure but for the ports.

import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { moduleFileIn } from "../../libkmod/kernel/other-root.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import type { CapturedIndex, CapturedIndexes } from "../capture/capture.js";
import { type IndexPacking, packIndex } from "../capture/packed-index.js";
import { findKernelPackage } from "./kernel-package.js";

export type IndexSight = {
	readonly files: Pick<Files, "read" | "list" | "stamp">;
	/** The root of another machine, or "". */
	readonly root: string;
	readonly release: string;
	/** Whether the contents are taken, and not their digests alone. */
	readonly withContents: boolean;
	readonly packing: IndexPacking;
};

/** Undefined where the kernel's modules have no directory. @param unread gets the paths of what cannot be read */
export function takeIndexes(sight: IndexSight, unread: string[]): CapturedIndexes | undefined {
	const { files, root, release, packing } = sight;
	const directory = `/lib/modules/${release}`;
	const names = attempt(directory, unread, () => files.list(root + directory));
	if (names === undefined) return undefined;
	const taken: Record<string, CapturedIndex> = {};
	let dependencies = "";
	for (const name of names.filter((one) => one.startsWith("modules.")).sort()) {
		const content = attempt(`${directory}/${name}`, unread, () =>
			files.read(`${root}${directory}/${name}`, bounds.index),
		);
		if (content === undefined) continue;
		if (name === "modules.dep") dependencies = content.toString("latin1");
		taken[name] = packIndex(content, packing, sight.withContents);
	}
	const missing = listMissing(dependencies, sight, directory);
	const ofPackage = findKernelPackage(files, { root, release });
	return {
		directory,
		...(ofPackage !== undefined && { package: ofPackage }),
		files: taken,
		...(missing.length > 0 && { missing }),
	};
}

/** The module files that are not there. None where no file of a module is: then the machine's copy has its indexes alone. */
function listMissing(dependencies: string, { files, root }: IndexSight, directory: string): readonly string[] {
	const place = { root, moduleDirectory: root + directory };
	if (!isThere(files, `${place.moduleDirectory}/kernel`)) return [];
	return dependencies.split("\n").flatMap((line) => {
		const colon = line.indexOf(":");
		const path = line.slice(0, Math.max(colon, 0));
		return path === "" || isThere(files, moduleFileIn(place, path)) ? [] : [path];
	});
}

/** A directory in place of a file counts as absent. */
function attempt<T>(path: string, unread: string[], read: () => T | undefined): T | undefined {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		if (error.code !== "EISDIR" && error.code !== "ELOOP") unread.push(path);
		return undefined;
	}
}
