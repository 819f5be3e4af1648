// Converts paths of another machine whose root is a directory of this one. Pure.

/** A directory as a prefix of the paths in it: without trailing slashes, so "" for "/". */
export function trimRoot(directory: string): string {
	return directory.replace(/\/+$/, "");
}

/** Where a root has the modules of its kernels. A root without the link /lib has them in the second place alone. */
export const moduleDirectories: readonly string[] = ["/lib/modules", "/usr/lib/modules"];

/**
 * The path here of a module file that an index of that machine names: below the module directory, or, for an absolute path,
 * below the root.
 */
export function moduleFileIn({ root = "", moduleDirectory }: ModulesPlace, path: string): string {
	return path.startsWith("/") ? root + path : `${moduleDirectory}/${path}`;
}

export type ModulesPlace = { readonly root?: string; readonly moduleDirectory: string };
