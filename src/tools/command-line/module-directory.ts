// The module directory of a tool, from the options -b/-d and -S/-k of kmod's tools. Their paths may be relative.
import { absolutePath } from "../../libkmod/text/absolute-path.js";
import type { Machine } from "../../ports/machine.js";

/** The path of the module directory of a kernel version. Without a base it is the one of the running system. */
export function moduleDirectory(
	machine: Machine,
	{ base, version }: { readonly base: string | undefined; readonly version: string },
): string {
	return base === undefined ? `/lib/modules/${version}` : `${pathFromHere(machine, base)}/lib/modules/${version}`;
}

export function pathFromHere(machine: Machine, path: string): string {
	return absolutePath(path, () => machine.workingDirectory());
}
