// Prints the figures for people, in two tables.

/** A row of the table for each figure of src and test. */
const rows = [
	["files", ({ files }) => files.count],
	["lines in the median file", ({ files }) => files.median],
	["lines in the largest file", ({ files }) => `${files.largest.lines}, ${files.largest.name}`],
	["functions with a name", ({ functions }) => functions.count],
	["lines in the median function", ({ functions }) => functions.median],
	["lines in the longest function", ({ functions }) => `${functions.largest.lines}, ${functions.largest.name}`],
	["functions over 40 lines", ({ longFunctions, functions }) => `${longFunctions.length} of ${functions.count}`],
	["files in the fullest folder", ({ fullestFolder }) => `${fullestFolder.files}, ${fullestFolder.name}`],
	[
		"circles of imports between files",
		({ circles }) => [circles.length, ...circles.map((one) => one.join(" "))].join(", "),
	],
	["lines that are comments", ({ comments }) => `${(comments * 100).toFixed(1)} %`],
];

export function formatFigures({ src, test, rooms }) {
	const lines = ["src", ...rows.map(([title, say]) => [title, say(src)])];
	lines.push(["files whose test has their name", `${src.named.withTest} of ${src.named.of}`]);
	lines.push(["circles of imports between rooms", rooms.circles.length]);
	lines.push(["levels of rooms", rooms.levels]);
	for (const [part, { rooms: count, levels }] of Object.entries(rooms.parts))
		lines.push([`rooms of ${part}, their levels`, `${count}, ${levels}`]);
	lines.push("", "test", ...rows.map(([title, say]) => [title, say(test)]));
	const longest = src.longFunctions.map(({ name, lines: count }) => [`  ${count} lines`, name]);
	if (longest.length > 0) lines.push("", "functions of src over 40 lines", ...longest);
	return lines.map((line) => (typeof line === "string" ? line : inColumns(line, [36]))).join("\n");
}

export function formatModels(models, { src }) {
	const ours = {
		name: "hotplugd, src now",
		language: "TypeScript",
		median: src.files.median,
		largest: src.files.largest.lines,
		fullestFolder: src.fullestFolder.files,
	};
	const columns = [36, 12, 8, 9];
	return [
		inColumns(["lines a file in", "language", "median", "largest", "fullest folder"], columns),
		...[...models, ours].map(({ name, language, median, largest, fullestFolder = "" }) =>
			inColumns([name, language, median, largest, fullestFolder], columns),
		),
	].join("\n");
}

const inColumns = (words, widths) =>
	words
		.map((word, at) => String(word).padEnd(widths[at] ?? 0))
		.join(" ")
		.trimEnd();
