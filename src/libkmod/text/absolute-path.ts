// How kmod makes paths absolute.

/** The path behind the working directory, dots and links and all: it is printed as it was given. An empty one is the root. */
export function absolutePath(path: string, workingDirectory: () => string): string {
	return path === "" || path.startsWith("/") ? path : `${workingDirectory()}/${path}`;
}
