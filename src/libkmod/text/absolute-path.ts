// Makes paths absolute as kmod does.

/**
 * The path appended to the working directory, without resolving dots or links, since it is printed as it was given. An empty
 * path stands for the root and stays empty.
 */
export function absolutePath(path: string, workingDirectory: () => string): string {
	return path === "" || path.startsWith("/") ? path : `${workingDirectory()}/${path}`;
}
