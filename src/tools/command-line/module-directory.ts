// Where a tool looks for modules: -b/-d and -S/-k of kmod's tools, which take paths that may be relative.
import { absolutePath } from "../../libkmod/text/absolute-path.js";
import type { Machine } from "../../ports/machine.js";

/** Without a base the module directory of the running system. */
export function moduleDirectory(
	machine: Machine,
	{ base, version }: { readonly base: string | undefined; readonly version: string },
): string {
	return base === undefined ? `/lib/modules/${version}` : `${pathFromHere(machine, base)}/lib/modules/${version}`;
}

export function pathFromHere(machine: Machine, path: string): string {
	return absolutePath(path, () => machine.workingDirectory());
}
