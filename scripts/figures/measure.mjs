// Figures of src and test: sizes in lines, files in a folder, cycles and levels of imports.
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { circlesOf, graphOfFiles, groupGraph, levelsOf, roomOf } from "./graph.mjs";
import { readSources } from "./syntax.mjs";

/** A function with more lines than this is too long. */
const LONG_FUNCTION_LINES = 40;

/** @returns an object with the figures of each folder by its name, and the figures of the rooms of src */
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

/** Rooms and levels of src, and of each of its parts. */
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

/**
 * The part of a room: src/agent of src/agent/pipeline, src/ports of src/ports. A file directly in src has "src", which is no
 * part.
 */
const partOf = (room) => (room.endsWith(".ts") ? "src" : room.split("/").slice(0, 2).join("/"));

const countLines = (text) => text.split("\n").length - 1;

/** The count of these things, their median number of lines, and the largest one. */
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

/**
 * The number of files of src with code besides types, and of those that have a test of the same name: src/ROOM/NAME.ts,
 * test/ROOM/NAME.test.ts.
 */
function countNamed(sources) {
	const files = sources
		.filter(({ file, typesAlone }) => file.startsWith("src/") && !typesAlone)
		.map(({ file }) => file);
	const hasTest = (file) => existsSync(file.replace(/^src\//, "test/").replace(/\.ts$/, ".test.ts"));
	return { of: files.length, withTest: files.filter(hasTest).length };
}

/** The share of lines with nothing but a comment, from 0 to 1. */
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
