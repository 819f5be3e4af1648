// The file systems that are mounted at / and /usr: the kernel asks for fs-TYPE when one is mounted. Pure.

import type { CapturedMount } from "../capture/capture.js";
import { type KnownAlgorithms, listChecksumNeeds } from "./algorithm-needs.js";
import type { BootNeed, NeedVerdict } from "./boot-need.js";
import { isBuiltIn, type Judging, judgeAlias, judgeInImage } from "./module-verdict.js";

/** The file system of a mount, and its checksums. */
export function listFileSystemNeeds(
	judging: Judging,
	mount: CapturedMount,
	algorithms: KnownAlgorithms,
): readonly BootNeed[] {
	const verdict = judgeFileSystem(judging, mount.fileSystem);
	const way = [mount.at];
	const itself: BootNeed = { need: "file system", name: mount.fileSystem, way, verdict };
	if (verdict.is !== "in the image" && verdict.is !== "missing") return [itself];
	return [itself, ...listChecksumNeeds(judging, verdict.module, algorithms, way)];
}

/** File systems that every kernel has. */
const ALWAYS = new Set(["rootfs", "ramfs", "tmpfs"]);

function judgeFileSystem(judging: Judging, type: string): NeedVerdict {
	if (ALWAYS.has(type)) return { is: "built in" };
	const { machine, sameKernel } = judging;
	const verdict = judgeAlias(judging, `fs-${type}`, true);
	if (verdict !== undefined) return verdict;
	const module = type.replaceAll("-", "_");
	if (isBuiltIn(judging, module) || (sameKernel && machine.live?.has(module) === false)) return { is: "built in" };
	if (machine.live?.has(module)) return judgeInImage(judging, module);
	return { is: "unknown", why: `nothing tells which module has the file system ${type}` };
}
