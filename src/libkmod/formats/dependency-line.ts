// One line of modules.dep: `path: dependency dependency ...`. Paths are relative to the module directory or absolute. All
// transitive dependencies are listed, users before the modules that they need.

export type DependencyLine = { readonly path: string; readonly dependencies: readonly string[] };

export function parseDependencyLine(line: string): DependencyLine | undefined {
	const colon = line.indexOf(":");
	if (colon <= 0) return undefined;
	const words = line.slice(colon + 1).split(/[\t-\r ]+/);
	return { path: line.slice(0, colon), dependencies: words.filter((word) => word !== "") };
}
