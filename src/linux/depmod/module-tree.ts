// The ModuleTree port of depmod on the real file system: walks a tree of module files, and gives the modification times of files.

import { statSync } from "node:fs";
import type { ModuleTree, Walk } from "../../libkmod/depmod/module-tree.js";
import { type Entry, type WalkedEntry, walkTree } from "../../libkmod/depmod/module-walk.js";
import { MOST_NAMES_IN_ALL } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { readEntries } from "../files/directory-entries.js";
import { onDisk } from "../files/disk-path.js";
import { orRefuse, refusalFor } from "../files/refusal.js";
import { lockDirectory } from "./directory-lock.js";
import { digestModules } from "./module-digests.js";
import { publish } from "./publish.js";

export const moduleTree: ModuleTree = {
	walk: walkModules,
	digest: digestModules,
	modified(path) {
		try {
			return statSync(onDisk(path), { bigint: true }).mtimeNs;
		} catch (thrown) {
			const refusal = refusalFor("stat", path, thrown);
			if (refusal.code === "ENOENT") return undefined;
			throw refusal;
		}
	},
	lock: lockDirectory,
	publish,
};

/** @param most the most names in the whole tree @throws {Refusal} by "walk" (EFBIG) when there are more, or by "open" */
export function walkModules(
	root: string,
	wanted: (name: string) => boolean,
	passedOver: (name: string) => boolean,
	most = MOST_NAMES_IN_ALL,
): Walk {
	const { whole, ...walk } = walkTree({ list, follow }, { root, wanted, passedOver, most });
	if (whole) return walk;
	const reason = `it holds more than ${most} names, as a tree with a cycle of symbolic links does`;
	throw new Refusal({ operation: "walk", subject: root, code: "EFBIG", reason });
}

const list = (path: string): readonly Entry[] => orRefuse("open", path, () => readEntries(path));

function follow(path: string): WalkedEntry {
	const stat = orRefuse("stat", path, () => statSync(onDisk(path)));
	if (stat.isDirectory()) return { kind: "directory", identity: `${stat.dev}:${stat.ino}` };
	if (stat.isFile()) return { kind: "file" };
	throw new Refusal({ operation: "use", subject: path, code: "EINVAL" });
}
