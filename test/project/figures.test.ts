// npm run figures prints every figure. No figure is compared to a limit: figures with a limit have tests of their own.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import test from "ava";

interface Sizes {
	readonly count: number;
	readonly median: number;
	readonly largest: { readonly name: string; readonly lines: number };
}

interface Folder {
	readonly files: Sizes;
	readonly functions: Sizes;
	readonly fullestFolder: { readonly name: string; readonly files: number };
	readonly circles: readonly unknown[];
	readonly named: { readonly of: number; readonly withTest: number };
	readonly comments: number;
}

interface Figures {
	readonly src: Folder;
	readonly test: Folder;
	readonly rooms: {
		readonly circles: readonly unknown[];
		readonly levels: number;
		readonly parts: Readonly<Record<string, { readonly rooms: number; readonly levels: number }>>;
	};
	readonly models: readonly { readonly name: string; readonly median: number; readonly largest: number }[];
}

const run = (...words: readonly string[]): string =>
	execFileSync(process.execPath, ["scripts/figures.mjs", ...words], { encoding: "utf8" });

const figures: Figures = JSON.parse(run("--json"));

for (const name of ["src", "test"] as const)
	test(`the figures of ${name} are those of many files and functions`, (t) => {
		const { files, functions, fullestFolder, comments } = figures[name];
		t.true(files.count > 200 && functions.count > 1000, `${files.count} files, ${functions.count} functions`);
		for (const { median, largest } of [files, functions]) t.true(median > 0 && largest.lines > median, largest.name);
		t.true(files.largest.name.startsWith(`${name}/`) && functions.largest.name.includes(`(${name}/`));
		t.true(fullestFolder.files > 0 && fullestFolder.name.startsWith(`${name}/`));
		t.true(comments > 0 && comments < 1);
	});

test("there are rooms, on levels, in every part of src, and tests that have files' names", (t) => {
	const { rooms, src } = figures;
	for (const part of ["src/agent", "src/libkmod", "src/linux", "src/ports", "src/tools"]) {
		const { rooms: count = 0, levels = 0 } = rooms.parts[part] ?? {};
		t.true(count > 0 && levels > 0, part);
	}
	t.true(rooms.levels > 1);
	t.true(src.named.withTest > 0 && src.named.withTest <= src.named.of);
});

test("no files import each other in a circle, types included, nor do rooms", (t) => {
	t.deepEqual(figures.src.circles, []);
	t.deepEqual(figures.test.circles, []);
	t.deepEqual(figures.rooms.circles, []);
});

test("a circle and a level would be noticed", async (t) => {
	const { circlesOf, levelsOf } = await import(resolve("scripts/figures/graph.mjs"));
	const graph = new Map(
		Object.entries({ a: ["b"], b: ["c"], c: ["b", "d"], d: [] }).map(([one, all]) => [one, new Set(all)]),
	);
	t.deepEqual(circlesOf(graph), [["b", "c"]]);
	t.is(levelsOf(graph), 3);
});

test("as text they are two tables, the second beside the figures of the models", (t) => {
	const text = run();
	t.regex(text, /^functions over 40 lines +\d+ of \d+$/m);
	t.regex(text, /^files whose test has their name +\d+ of \d+$/m);
	t.true(figures.models.length > 5);
	for (const { name, median, largest } of figures.models) {
		const row = text.split("\n").find((line) => line.startsWith(`${name} `));
		t.regex(row ?? "", new RegExp(` ${median} +${largest}\\b`), name);
	}
	t.regex(text, /^hotplugd, src now +TypeScript +\d+ +\d+ +\d+$/m);
});
