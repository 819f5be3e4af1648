import { execFileSync } from "node:child_process";
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { ModuleDigester } from "../../src/libkmod/depmod/module-digest.js";
import type { Digests } from "../../src/libkmod/depmod/module-tree.js";
import { SymbolNames } from "../../src/libkmod/depmod/symbol-names.js";
import { Refusal } from "../../src/libkmod/kernel.js";
import { moduleTree } from "../../src/linux/module-tree.js";
import { moduleImage } from "../support/elf-image.js";
import { packageModules, sample } from "../support/module-files.js";

function folderOf(t: ExecutionContext, files: Readonly<Record<string, string | Buffer>>): string {
	const folder = mkdtempSync(join(tmpdir(), "tree-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true }));
	for (const [path, content] of Object.entries(files)) {
		mkdirSync(join(folder, path, ".."), { recursive: true });
		writeFileSync(join(folder, path), content);
	}
	return folder;
}

const walk = (folder: string, passedOver: readonly string[] = []) =>
	moduleTree.walk(
		folder,
		(name) => name.endsWith(".ko"),
		(name) => passedOver.includes(name),
	);

test("a walk finds files by their names, wherever they are", (t) => {
	const folder = folderOf(t, {
		"a.ko": "",
		"b.txt": "",
		"x/c.ko": "",
		"x/y.ko/d.ko": "",
		"build/no.ko": "",
		"x/no.ko": "",
		".z/e.ko": "",
	});
	const { files, failures } = walk(folder, ["build", "no.ko"]);
	t.deepEqual([...files].sort(), [".z/e.ko", "a.ko", "x/c.ko", "x/y.ko/d.ko"]);
	t.deepEqual(failures, []);
});

test("a walk follows symbolic links, and ends where they lead back", (t) => {
	const folder = folderOf(t, { "a.ko": "", "x/c.ko": "" });
	symlinkSync("../a.ko", join(folder, "x/linked.ko"));
	symlinkSync("x", join(folder, "y"));
	symlinkSync("..", join(folder, "x/up"));
	const { files } = walk(folder);
	t.true(files.includes("x/linked.ko") && files.includes("y/c.ko") && files.includes("x/up/a.ko"));
	t.true(files.length < 50);
});

test("a walk tells what it could not look at", (t) => {
	const folder = folderOf(t, { "a.ko": "" });
	symlinkSync("nowhere", join(folder, "dangling.ko"));
	execFileSync("mkfifo", [join(folder, "pipe.ko")]);
	const { files, failures } = walk(folder);
	t.deepEqual(files, ["a.ko"]);
	t.deepEqual(failures.map(({ path, operation, code }) => `${path} ${operation} ${code}`).sort(), [
		"dangling.ko stat ENOENT",
		"pipe.ko use EINVAL",
	]);
	const error = t.throws(() => walk(join(folder, "nowhere")), { instanceOf: Refusal });
	t.is(error.code, "ENOENT");
});

/** What a digest says in names, since numbers differ. */
function readable({ modules, names }: Digests) {
	const list = (symbols: readonly number[]) => symbols.map((symbol) => names.nameOf(symbol));
	const described = modules.map(({ exports, needs, weak, ...rest }) => ({
		...rest,
		exports: { names: list(exports.symbols), crcs: exports.crcs },
		needs: { names: list(needs.symbols), crcs: needs.crcs },
		weak: list(weak),
	}));
	return described.sort((a, b) => (a.path < b.path ? -1 : 1));
}

test("modules are digested alike however they are compressed, by threads too", async (t) => {
	const images = Array.from({ length: 120 }, (_, n) =>
		moduleImage([`s${n}`], [`s${n + 1}`, "common"], [`alias=a${n}`]),
	);
	const plain = folderOf(t, Object.fromEntries(images.map((image, n) => [`m${n}.ko`, image])));
	const paths = readdirSync(plain);
	const expected = readable(await moduleTree.digest(plain, paths));
	t.is(expected.length, 120);
	t.deepEqual(expected[0]?.needs.names, ["s1", "common"]);
	for (const [extension, command] of [
		["gz", ["gzip"]],
		["xz", ["xz", "--check=crc32"]],
		["zst", ["zstd", "-q", "--rm"]],
	] as const) {
		const folder = folderOf(t, Object.fromEntries(images.map((image, n) => [`m${n}.ko`, image])));
		execFileSync(command[0], [...command.slice(1), ...paths], { cwd: folder });
		const packed = paths.map((path) => `${path}.${extension}`);
		t.deepEqual(readdirSync(folder).sort(), [...packed].sort());
		const digests = readable(await moduleTree.digest(folder, packed));
		t.deepEqual(
			digests.map((digest) => ({ ...digest, path: digest.path.replace(`.${extension}`, "") })),
			expected,
		);
	}
});

test("a module read part by part has the digest of the whole file", async (t) => {
	const { directory, paths } = await packageModules();
	const chosen = sample(paths, 150);
	const names = new SymbolNames();
	const digester = new ModuleDigester(names);
	const whole = chosen.map((path) => digester.digest(path, readFileSync(join(directory, path))));
	t.deepEqual(readable(await moduleTree.digest(directory, chosen)), readable({ modules: whole, names }));
});

test("what is compressed but not named so is unpacked, and the other way round", async (t) => {
	const image = moduleImage(["s"], []);
	const folder = folderOf(t, { "packed.ko": gzipSync(image), "plain.ko.xz": image });
	const digests = readable(await moduleTree.digest(folder, ["packed.ko", "plain.ko.xz"]));
	t.deepEqual(
		digests.map(({ exports }) => exports.names),
		[["s"], ["s"]],
	);
});

test("a file that cannot be read has a digest that says why", async (t) => {
	const cut = gzipSync(moduleImage(["s"], [])).subarray(0, 30);
	const folder = folderOf(t, { "cut.ko.gz": cut, "directory.ko/x": "", "empty.ko": "" });
	const { modules } = await moduleTree.digest(folder, ["absent.ko", "cut.ko.gz", "directory.ko", "empty.ko"]);
	t.deepEqual(
		modules.map(({ path, malformed }) => `${path}: ${malformed?.reason}`),
		[
			"absent.ko: No such file or directory",
			"cut.ko.gz: Invalid argument",
			"directory.ko: Is a directory",
			"empty.ko: Invalid argument",
		],
	);
});

test("the time of a file is told in nanoseconds", (t) => {
	const folder = folderOf(t, { x: "" });
	utimesSync(join(folder, "x"), 5, 7);
	t.is(moduleTree.modified(join(folder, "x")), 7_000_000_000n);
	t.is(moduleTree.modified(join(folder, "absent")), undefined);
});

test("files are replaced as a set, and nothing else is left", async (t) => {
	const folder = folderOf(t, { "modules.dep": "old", other: "kept" });
	await moduleTree.publish(
		folder,
		new Map([
			["modules.dep", Buffer.from("new")],
			["modules.alias", Buffer.from("too")],
		]),
	);
	t.deepEqual(readdirSync(folder).sort(), ["modules.alias", "modules.dep", "other"]);
	t.is(readFileSync(join(folder, "modules.dep"), "latin1"), "new");
	const made = join(folder, "made/on/the/way");
	await moduleTree.publish(made, new Map([["modules.dep", Buffer.from("new")]]));
	t.is(readFileSync(join(made, "modules.dep"), "latin1"), "new");
});

test("where one file cannot be written the old ones stay, and no draft is left", async (t) => {
	const folder = folderOf(t, { "modules.dep": "old" });
	const files = new Map([
		["modules.dep", Buffer.from("new")],
		["no/such/place", Buffer.from("too")],
	]);
	const error = await t.throwsAsync(moduleTree.publish(folder, files), { instanceOf: Refusal });
	t.is(`${error.operation} ${error.code} ${error.subject}`, `write ENOENT ${folder}/no/such/place`);
	t.deepEqual(readdirSync(folder), ["modules.dep"]);
	t.is(readFileSync(join(folder, "modules.dep"), "latin1"), "old");
});
