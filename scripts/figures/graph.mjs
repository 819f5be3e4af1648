// Graphs of imports, as maps from a name to the names that it imports: their cycles and their levels.

/**
 * The room of a file is its folder. A file directly in src is a room by itself, since main.ts imports everything and everything
 * imports version.ts.
 */
export function roomOf(file) {
	const folder = file.slice(0, file.lastIndexOf("/"));
	return folder.includes("/") ? folder : file;
}

/** The graph of the files from readSources(). Imports of other files are left out. */
export function graphOfFiles(sources) {
	const known = new Set(sources.map(({ file }) => file));
	return new Map(
		sources.map(({ file, imports }) => [file, new Set(imports.filter((one) => known.has(one) && one !== file))]),
	);
}

/** The graph of groups of names, by `groupOf`, without imports within a group. */
export function groupGraph(graph, groupOf) {
	const groups = new Map();
	for (const [file, imports] of graph) {
		const group = groupOf(file);
		if (!groups.has(group)) groups.set(group, new Set());
		for (const one of imports) if (groupOf(one) !== group) groups.get(group).add(groupOf(one));
	}
	return groups;
}

/** The strongly connected components of more than one name (Tarjan), each sorted. */
export function circlesOf(graph) {
	const numbers = new Map();
	const lowest = new Map();
	const stack = [];
	const circles = [];
	const visit = (name) => {
		numbers.set(name, numbers.size);
		lowest.set(name, numbers.get(name));
		stack.push(name);
		for (const next of graph.get(name)) {
			if (!numbers.has(next)) visit(next);
			if (stack.includes(next)) lowest.set(name, Math.min(lowest.get(name), lowest.get(next)));
		}
		if (lowest.get(name) !== numbers.get(name)) return;
		const circle = stack.splice(stack.indexOf(name));
		if (circle.length > 1) circles.push(circle.sort());
	};
	for (const name of graph.keys()) if (!numbers.has(name)) visit(name);
	return circles;
}

/** The length of the longest path through the graph, in names; a cycle counts as one level. */
export function levelsOf(graph) {
	const circles = circlesOf(graph);
	const circleOf = (name) => circles.find((circle) => circle.includes(name))?.[0] ?? name;
	const straight = groupGraph(graph, circleOf);
	const levels = new Map();
	const levelOf = (name) => {
		if (!levels.has(name)) levels.set(name, 1 + Math.max(0, ...[...straight.get(name)].map(levelOf)));
		return levels.get(name);
	};
	return Math.max(0, ...[...straight.keys()].map(levelOf));
}
