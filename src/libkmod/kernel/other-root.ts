// Another machine's root, which is a directory of this one: what a path of that machine is here. Pure.

/** A directory as it stands before the paths in it: "" for "/". */
export function trimRoot(directory: string): string {
	return directory.replace(/\/+$/, "");
}

/** A module's file as an index of that machine names it: below the module directory unless it is absolute, and then below the root. */
export function moduleFileIn({ root = "", moduleDirectory }: ModulesPlace, path: string): string {
	return path.startsWith("/") ? root + path : `${moduleDirectory}/${path}`;
}

export type ModulesPlace = { readonly root?: string; readonly moduleDirectory: string };
