// Every path and function that docs/architecture.md and the other pages name exists in the sources.
import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { pages, readPage } from "../support/project/pages.js";
import { listFiles } from "../support/project/source-text.js";

const PAGE = "docs/architecture.md";

/** A path of this project between backticks. */
const paths = /`((?:src|test|scripts|systemd|rules|config|schemas|fixtures|docs)\/[\w./@-]*)`/g;

const namesOf = (text: string, pattern: RegExp): readonly string[] =>
	[...text.matchAll(pattern)].map(([, name = ""]) => name);

/** Rows of the page's tables that name a file of the sources, with the functions that they name beside it. */
const rows = readPage(PAGE)
	.split("\n")
	.map((line) => line.split(" | "))
	.filter((cells) => cells.length === 3)
	.map(([, functions = "", file = ""]) => ({
		functions: namesOf(functions, /`(\w+)\(\)`/g),
		file: namesOf(file, paths)[0],
	}))
	.filter(({ functions }) => functions.length > 0);

test("every path that a page names is there", (t) => {
	const named = pages
		.flatMap((page) => namesOf(readPage(page), paths).map((path) => ({ page, path })))
		// Paths with ROOM stand for any room.
		.filter(({ path }) => !path.includes("/ROOM/"));
	t.true(named.length > 100);
	for (const { page, path } of named) t.true(existsSync(path), `${page}: ${path}`);
});

test("every function that architecture.md names beside a file is in that file", (t) => {
	t.true(rows.length > 40);
	for (const { functions, file } of rows) {
		t.not(file, undefined, functions.join(", "));
		const source = readFileSync(file!, "utf8");
		for (const name of functions) t.true(isDeclared(source, name), `${file} has no ${name}`);
	}
});

/** Whether the source declares the name as a function, a class, a constant or a method. */
const isDeclared = (source: string, name: string): boolean =>
	new RegExp(
		`^(?:export )?(?:async )?(?:function\\*?|class|const) ${name}\\b|^\t(?:async )?#?${name}\\(.*\\{$`,
		"m",
	).test(source);

test("a function that is not there would be noticed", (t) => {
	const source = "export async function readIt() {}\nconst other = 5;\n\tinner();\n\tmethod(one: string): void {\n";
	for (const name of ["readIt", "other", "method"]) t.true(isDeclared(source, name), name);
	t.false(isDeclared(source, "read"));
	t.false(isDeclared(source, "inner"));
});

test("every port is in architecture.md, with a real side and a double", (t) => {
	const ports = listFiles("src/ports", ".ts");
	t.true(ports.length > 5);
	const lines = readPage(PAGE).split("\n");
	for (const port of ports)
		t.true(
			lines.some((line) => line.startsWith("| ") && line.includes(`: \`${port}\` | `)),
			port,
		);
});

test("every room of src is in architecture.md", (t) => {
	const page = readPage(PAGE);
	const layers = readFileSync("test/project/layers.test.ts", "utf8");
	const [, table = ""] = /^const rooms[^=]*= \{\n(.*?)^\};/ms.exec(layers) ?? [];
	let part = "";
	const rooms: string[] = [];
	for (const line of table.split("\n")) {
		part = /^\t"?([\w-]+)"?: \{$/.exec(line)?.[1] ?? part;
		const room = /^\t\t"?([\w-]+)"?: "/.exec(line)?.[1];
		if (room !== undefined) rooms.push(`src/${part}/${room}`);
	}
	t.true(rooms.length > 30);
	t.deepEqual(
		rooms.filter((room) => !page.includes(`\`${room}\``)),
		[],
	);
});
