import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { moduleInfo } from "../../../src/libkmod/knowledge/module-info.js";
import { formatModinfo, type ModinfoStyle, modinfoProblems } from "../../../src/tools/kmod/modinfo-text.js";
import { chunks } from "../../support/real/real-kmod.js";
import { elfImage } from "../../support/worlds/elf-image.js";
import { packageModules, sample } from "../../support/worlds/module-files.js";

// Newer versions of modinfo print the build id; Debian's modinfo does not.
const inOlderWords = (entries: ReturnType<typeof moduleInfo>) =>
	(entries ?? []).filter(({ key }) => key !== "build-id");
const ours = (path: string, style: ModinfoStyle = {}) =>
	formatModinfo({ filename: path }, inOlderWords(moduleInfo(readFileSync(path))), style);

function real(paths: readonly string[], { field, nul }: ModinfoStyle = {}): string {
	const options = [...(field === undefined ? [] : ["-F", field]), ...(nul ? ["-0"] : [])];
	return [...chunks(paths, 1000)]
		.map((chunk) =>
			execFileSync("modinfo", [...options, ...chunk], {
				encoding: "latin1",
				maxBuffer: 1 << 28,
				stdio: ["ignore", "pipe", "ignore"],
			}),
		)
		.join("");
}

test("every module of Debian's kernel is described as by real modinfo, byte for byte", async (t) => {
	const { directory, paths } = await packageModules();
	const files = paths.map((path) => join(directory, path));
	const text = files.map((path) => ours(path)).join("");
	t.log(`${files.length} modules, ${text.length} bytes`);
	t.true(files.length > 1000 && text.includes("\nsig_key:        "));
	t.true(text === real(files));
});

const styles: readonly ModinfoStyle[] = [
	{ nul: true },
	...["parm", "parmtype", "signature", "filename", "alias", "none"].map((field) => ({ field })),
	{ field: "parm", nul: true },
	{ field: "filename", nul: true },
];
for (const style of styles)
	test(`fields and separators are real modinfo's: ${JSON.stringify(style)}`, async (t) => {
		const { directory, paths } = await packageModules();
		const files = sample(paths, 100).map((path) => join(directory, path));
		t.true(files.map((path) => ours(path, style)).join("") === real(files, style));
	});

test("odd strings are described as by real modinfo, in every style", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "modinfo-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const path = join(folder, "odd.ko");
	const modinfo = [
		...["parm=p1:first", "parm=p2:", "parmtype=p2:int", "parmtype=p3:bool", "parm=p1:second", "parmtype=p1:t"],
		...["parm=nocolon", "parmtype=nocolon either", "parm=p4::", "parm=:nameless", "novalue", "=emptykey", "k=a=b="],
		...["fifteen_letters=v", "author=J\xfcrgen", "author=J\xc3\xbcrgen", "", "", "description=two\nlines"],
	];
	writeFileSync(path, elfImage({ modinfo }));
	for (const style of [...styles, {}]) t.is(ours(path, style), real([path], style), JSON.stringify(style));
	const { stderr } = spawnSync("modinfo", [path], { encoding: "latin1" });
	const problems = modinfoProblems(moduleInfo(readFileSync(path)) ?? []);
	t.deepEqual(
		problems,
		stderr
			.trimEnd()
			.split("\n")
			.map((line) => line.replace("modinfo: ERROR: ", "")),
	);
	t.is(problems.length, 2);
});

test("a key of more than 15 letters stands right before its value", (t) => {
	const entry = { key: "sixteen__letters", value: "v" };
	t.is(formatModinfo({ filename: "f" }, [entry]), "filename:       f\nsixteen__letters:v\n");
});

test("a module that is part of the kernel has a name and no file", (t) => {
	const entries = [{ key: "license", value: "GPL" }];
	t.is(
		formatModinfo({ builtin: "unix" }, entries),
		"name:           unix\nfilename:       (builtin)\nlicense:        GPL\n",
	);
	t.is(
		formatModinfo({ builtin: "unix" }, entries, { nul: true }),
		"name:           unix\0filename:       (builtin)\0license=GPL\0",
	);
	t.is(formatModinfo({ builtin: "unix" }, entries, { field: "name" }), "unix\n");
	t.is(formatModinfo({ builtin: "unix" }, entries, { field: "filename" }), "(builtin)\n");
});

test("the build id is the one that the linker left", async (t) => {
	const { directory, paths } = await packageModules();
	const [path] = sample(paths, 1);
	const file = join(directory, path!);
	const [, id = ""] = /Build ID: ([0-9a-f]+)/.exec(execFileSync("readelf", ["-n", file], { encoding: "utf8" })) ?? [];
	t.is(id.length, 40);
	const entry = moduleInfo(readFileSync(file))?.find(({ key }) => key === "build-id");
	t.is(entry?.value.replaceAll(":", "").toLowerCase(), id);
});

test("a module without .modinfo has no list; an empty one has an empty list", (t) => {
	t.is(moduleInfo(elfImage({ sections: [{ name: ".text", data: Buffer.from("x") }] })), undefined);
	t.deepEqual(moduleInfo(elfImage({ modinfo: [] })), []);
});
