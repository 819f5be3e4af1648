// One line of modules.dep: `path: dependency dependency ...`, paths relative to the module directory or absolute, every
// dependency listed, users before what they use.

export type DependencyLine = { readonly path: string; readonly dependencies: readonly string[] };

export function parseDependencyLine(line: string): DependencyLine | undefined {
	const colon = line.indexOf(":");
	if (colon <= 0) return undefined;
	const words = line.slice(colon + 1).split(/[\t-\r ]+/);
	return { path: line.slice(0, colon), dependencies: words.filter((word) => word !== "") };
}
