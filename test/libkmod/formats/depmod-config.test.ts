import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test from "ava";
import { forRelease, mergeDepmodConfigs, parseDepmodConfig } from "../../../src/libkmod/formats/depmod-config.js";
import { RELEASE, writeDepmodWorld } from "../../support/worlds/depmod-world.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

test("every directive is read", (t) => {
	const { value, problems } = parseDepmodConfig(
		"x.conf",
		[
			"# search not",
			"search updates  extra\tbuilt-in",
			"search external",
			"override my-mod * extra",
			"override other ^6\\. updates/deep and more",
			"external * /opt/modules",
			"exclude build-tree .git",
			"search again \\",
			"  and again",
		].join("\n"),
	);
	t.deepEqual(value, {
		search: ["updates", "extra", "built-in", "external", "again", "and", "again"],
		overrides: [
			{ module: "my-mod", release: "*", directory: "extra" },
			{ module: "other", release: "^6.", directory: "updates/deep" },
		],
		externals: [{ release: "*", directory: "/opt/modules" }],
		excludes: ["build-tree", ".git"],
	});
	t.deepEqual(problems, []);
});

test("bad lines are complained of as by the real depmod", (t) => {
	const config = [
		...["rubbish here", "search", "override", "override a", "override a b", "exclude", "external", "external x"],
		...[
			"make_map_files no",
			"include foo",
			"search extra \\",
			" built-in",
			"# comment",
			"\t# indented",
			"  search  a b",
		],
		...["", "   ", "rub\\", "bish", "search a # b", "last bad"],
	].join("\n");
	const root = writeDepmodWorld(t, { modules: {}, config });
	const file = join(root, "depmod.conf");
	const { stderr } = spawnSync("depmod", ["-n", "-C", file, "-b", root, RELEASE], { encoding: "utf8" });
	const { problems } = parseDepmodConfig(file, config);
	t.deepEqual(
		problems.map(({ file, line, message }) => `depmod: ERROR: ${file}:${line}: ${message}`),
		stderr.trimEnd().split("\n"),
	);
	t.is(problems.length, 9);
});

test("files are merged in their order", (t) => {
	const parse = (text: string) => parseDepmodConfig("x", text).value;
	const merged = mergeDepmodConfigs([parse("search a\nexclude x\noverride m * d"), parse("search b\nexternal * /e")]);
	t.deepEqual(merged.search, ["a", "b"]);
	t.deepEqual(merged.excludes, ["x"]);
	t.is(merged.overrides.length + merged.externals.length, 2);
});

const patterns: Readonly<Record<string, boolean>> = {
	"*": true,
	"6.1.0": true,
	"6": true,
	"^6\\\\.1": true,
	"^1": false,
	"[[:digit:]]\\\\.[[:digit:]]$": true,
	"[[:alpha:]]": false,
	"(5|6)\\\\.1": true,
	"6.1.0-amd64": false,
	"[": false,
	"(": false,
};
for (const [pattern, expected] of Object.entries(patterns))
	test(`a release ${expected ? "matches" : "does not match"} ${pattern}`, (t) => {
		const { value } = parseDepmodConfig("x", `override m ${pattern} d\nexternal ${pattern} /e`);
		const { overrides, externals } = forRelease(value, "6.1.0");
		t.is(overrides.length, expected ? 1 : 0);
		t.is(externals.length, expected ? 1 : 0);
	});

test("no text makes the parser throw", (t) => {
	const random = seededRandom(t);
	let read = 0;
	for (let round = 0; round < 3000; round++) {
		const text = random.text(
			["search ", "override ", "external ", "exclude ", "a", "*", "[", "(", "\\", "\n", "\t", "#", "\0"],
			0,
			30,
		);
		const { value } = parseDepmodConfig("x", text);
		read += forRelease(value, "6.1.0").overrides.length + value.search.length;
	}
	t.true(read > 0);
});
