// The manual pages that the build writes into dist/man.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import test from "ava";
import { hotplugd, tools } from "../../src/main.js";
import { formatLong } from "../../src/tools/command-line/options.js";
import { commands } from "../../src/tools/kmod/kmod.js";

const folder = "dist/man";
const pages = readdirSync(folder);
const read = (page: string) => readFileSync(`${folder}/${page}`, "utf8");
/** The text of a page without the marks for fonts, as a reader sees it. */
const plain = (roff: string) => roff.replace(/\\f[BIR]/g, "").replaceAll("\\-", "-");

test("every command has a page with all of its options, and no page is of something else", async (t) => {
	const all = [hotplugd, ...(await Promise.all(Object.values(tools).map((load) => load())))];
	t.true(all.length >= 8);
	const names = all.map(({ name }) => `${name.replaceAll(" ", "-")}.8`);
	t.deepEqual(pages.toSorted(), names.toSorted());
	for (const [index, { summary, options }] of all.entries()) {
		const text = plain(read(names[index]!));
		t.true(text.includes(summary.slice(1).replace(/\.$/, "")), names[index]);
		for (const [key, { hidden }] of Object.entries(options))
			t.is(new RegExp(`--${formatLong(key)}(?![\\w-])`).test(text), !hidden, `${names[index]}: ${key}`);
	}
});

test("kmod's page has the commands that only kmod has", async (t) => {
	const text = plain(read("kmod.8"));
	const own = Object.keys(commands).filter((name) => name !== "help");
	t.true(own.length >= 2);
	for (const name of own) t.true(text.includes(`.SS "kmod ${name}"`), name);
});

test("they are what the source makes now", async (t) => {
	const { formatManPages }: { formatManPages(): Promise<Map<string, string>> } = await import(
		resolve("scripts/man-pages.mjs")
	);
	const made = await formatManPages();
	t.deepEqual([...made.keys()].sort(), pages.toSorted());
	for (const [name, text] of made) t.is(read(name), text, name);
});

const MACROS = new Set([".TH", ".SH", ".SS", ".PP", ".TP", ".BR", ".nf", ".fi"]);

test("they use man(7)'s macros, and text that no line of which is taken for one", (t) => {
	for (const page of pages) {
		const [comment, ...lines] = read(page).trimEnd().split("\n");
		t.true(comment?.startsWith('.\\"'), page);
		t.true(lines[0]?.startsWith(".TH "), page);
		for (const line of lines) {
			t.not(line, "", page);
			t.true(!/^['.]/.test(line) || MACROS.has(line.split(" ")[0]!), `${page}: ${line}`);
			t.deepEqual(line.match(/\\(?!f[BIR]|-|e|&).?/g) ?? [], [], `${page}: ${line}`);
		}
	}
});

test("groff, where there is one, has nothing to warn of", (t) => {
	if (spawnSync("groff", ["--version"]).error) {
		t.pass("there is no groff here: the test before looks at what it would");
		return;
	}
	const { stderr, stdout, status } = spawnSync("groff", [
		"-ww",
		"-man",
		"-Tutf8",
		...pages.map((page) => `${folder}/${page}`),
	]);
	t.is(stderr.toString(), "");
	t.is(status, 0);
	t.true(stdout.length > 1000 * pages.length);
});

test("npm links the pages of the commands that it links", (t) => {
	const { bin, man } = JSON.parse(readFileSync("package.json", "utf8")) as { bin: object; man: string[] };
	for (const page of man) t.true(pages.includes(basename(page)), page);
	for (const name of Object.keys(bin)) t.true(man.includes(`./dist/man/${name}.8`), name);
});
