// The figures of src and test: sizes in lines, files a folder, circles and levels of imports.
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { circlesOf, graphOfFiles, groupGraph, levelsOf, roomOf } from "./graph.mjs";
import { readSources } from "./syntax.mjs";

/** A function that is longer than this is too long, in lines. */
const LONG_FUNCTION_LINES = 40;

/** @returns an object with the figures of each folder by its name, and those of the rooms of src. */
export function measure(folders) {
	const sources = readSources(folders);
	const below = (folder) => sources.filter(({ file }) => file.startsWith(`${folder}/`));
	return {
		...Object.fromEntries(folders.map((folder) => [folder, measureFolder(below(folder))])),
		rooms: measureRooms(below("src")),
	};
}

function measureFolder(sources) {
	const files = sources.map(({ file, text }) => ({ name: file, lines: countLines(text) }));
	const functions = sources.flatMap(({ file, functions }) =>
		functions.map(({ name, lines }) => ({ name: `${name} (${file})`, lines })),
	);
	const long = functions.filter(({ lines }) => lines > LONG_FUNCTION_LINES);
	return {
		files: sizesOf(files),
		functions: sizesOf(functions),
		longFunctions: long.sort((one, other) => other.lines - one.lines),
		fullestFolder: fullestOf(sources.map(({ file }) => dirname(file))),
		circles: circlesOf(graphOfFiles(sources)),
		named: countNamed(sources),
		comments: shareOfComments(sources),
	};
}

/** Rooms of all of src, and of each of its parts alone. */
function measureRooms(sources) {
	const rooms = groupGraph(graphOfFiles(sources), roomOf);
	const parts = [...new Set([...rooms.keys()].map(partOf))].filter((part) => part.startsWith("src/"));
	const within = (part) =>
		new Map(
			[...rooms]
				.filter(([room]) => partOf(room) === part)
				.map(([room, imports]) => [room, new Set([...imports].filter((one) => partOf(one) === part))]),
		);
	return {
		circles: circlesOf(rooms),
		levels: levelsOf(rooms),
		parts: Object.fromEntries(
			parts.map((part) => [part, { rooms: within(part).size, levels: levelsOf(within(part)) }]),
		),
	};
}

/** src/agent/pipeline -> src/agent; src/ports -> src/ports; of src/main.ts src, which is no part. */
const partOf = (room) => (room.endsWith(".ts") ? "src" : room.split("/").slice(0, 2).join("/"));

const countLines = (text) => text.split("\n").length - 1;

/** Of things with a name and a number of lines. */
function sizesOf(things) {
	const lines = things.map((thing) => thing.lines).sort((one, other) => one - other);
	const largest = things.reduce((one, other) => (other.lines > one.lines ? other : one), { name: "", lines: 0 });
	return { count: things.length, median: lines[Math.floor(lines.length / 2)] ?? 0, largest };
}

function fullestOf(folders) {
	const counts = new Map();
	for (const folder of folders) counts.set(folder, (counts.get(folder) ?? 0) + 1);
	const [name = "", files = 0] = [...counts].sort(([, one], [, other]) => other - one)[0] ?? [];
	return { name, files };
}

/** Files of src that do something, and those of them whose test has their name: src/ROOM/NAME.ts, test/ROOM/NAME.test.ts. */
function countNamed(sources) {
	const files = sources
		.filter(({ file, typesAlone }) => file.startsWith("src/") && !typesAlone)
		.map(({ file }) => file);
	const hasTest = (file) => existsSync(file.replace(/^src\//, "test/").replace(/\.ts$/, ".test.ts"));
	return { of: files.length, withTest: files.filter(hasTest).length };
}

/** The share of lines on which nothing but a comment stands, from 0 to 1. */
function shareOfComments(sources) {
	const lines = sources.flatMap(({ text }) => text.split("\n").slice(0, -1));
	let isInside = false;
	const comments = lines.filter((line) => {
		const words = line.trim();
		const isComment = isInside || words.startsWith("//") || words.startsWith("/*");
		if (isComment && !words.startsWith("//")) isInside = !words.endsWith("*/");
		return isComment;
	});
	return lines.length === 0 ? 0 : comments.length / lines.length;
}
