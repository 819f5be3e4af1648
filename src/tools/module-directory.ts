// Where a tool looks for modules: -b/-d and -S/-k of kmod's tools, which take paths that may be relative.
import type { Machine } from "./machine.js";

/** Without a base the module directory of the running system. */
export function moduleDirectory(
	machine: Machine,
	{ base, version }: { readonly base: string | undefined; readonly version: string },
): string {
	return base === undefined ? `/lib/modules/${version}` : `${absolutePath(machine, base)}/lib/modules/${version}`;
}

/** As kmod makes a path absolute, dots and all, since it prints it. */
export function absolutePath(machine: Machine, path: string): string {
	return path === "" || path.startsWith("/") ? path : `${machine.workingDirectory()}/${path}`;
}
