import { execFile, execFileSync } from "node:child_process";
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
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { ModuleDigester } from "../../../src/libkmod/depmod/module-digest.js";
import { SymbolNames } from "../../../src/libkmod/depmod/symbol-names.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { moduleTree, walkModules } from "../../../src/linux/depmod/module-tree.js";
import { digestFolder, readable, withoutExtension } from "../../support/worlds/digests.js";
import { moduleImage } from "../../support/worlds/elf-image.js";
import { packageModules, sample } from "../../support/worlds/module-files.js";

const decoderSession = fileURLToPath(new URL("../../support/programs/decoder-session.js", import.meta.url));

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

test("a walk goes as deep as paths are long, and no further than a number of names", (t) => {
	const folder = folderOf(t, { "a.ko": "" });
	const depth = Math.floor((4000 - folder.length) / 2);
	mkdirSync(join(folder, "d/".repeat(depth)), { recursive: true });
	writeFileSync(join(folder, "d/".repeat(depth), "b.ko"), "");
	t.deepEqual([...walk(folder).files].sort(), ["a.ko", `${"d/".repeat(depth)}b.ko`]);
	t.teardown(() => execFileSync("rm", ["-rf", folder]));
	// Each of eight directories has links to all eight: there are tens of thousands of ways through them.
	const names = Array.from({ length: 8 }, (_, n) => `l${n}`);
	const linked = folderOf(t, Object.fromEntries(names.map((name) => [`${name}/m.ko`, ""])));
	for (const from of names) for (const to of names) symlinkSync(`../${to}`, join(linked, from, `to-${to}`));
	const count = (most: number) =>
		walkModules(
			linked,
			() => true,
			() => false,
			most,
		);
	t.throws(() => count(10_000), {
		instanceOf: Refusal,
		message: `walk ${linked}: it holds more than 10000 names, as a tree with a cycle of symbolic links does`,
	});
	const small = folderOf(t, { "a.ko": "", "b/c.ko": "" });
	for (const most of [3, 4])
		t.is(
			walkModules(
				small,
				() => true,
				() => false,
				most,
			).files.length,
			2,
		);
	t.throws(() =>
		walkModules(
			small,
			() => true,
			() => false,
			2,
		),
	);
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

/** Directories with the same modules: uncompressed in the first, and compressed in one way in each of the others. */
function compressedFolders(t: ExecutionContext, count: number): string[] {
	const images = Array.from({ length: count }, (_, n) =>
		moduleImage([`s${n}`], [`s${n + 1}`, "common"], [`alias=a${n}`]),
	);
	const commands = [["true"], ["gzip"], ["xz", "--check=crc32"], ["zstd", "-q", "--rm"]] as const;
	return commands.map(([program, ...words]) => {
		const folder = folderOf(t, Object.fromEntries(images.map((image, n) => [`m${n}.ko`, image])));
		execFileSync(program, [...words, ...readdirSync(folder)], { cwd: folder });
		return folder;
	});
}

test("modules are digested alike however they are compressed", async (t) => {
	const [plain, ...packed] = await Promise.all(compressedFolders(t, 120).map(digestFolder));
	t.is(plain?.length, 120);
	t.deepEqual(plain?.[0]?.needs.names, ["s1", "common"]);
	for (const [n, extension] of ["gz", "xz", "zst"].entries()) {
		t.true(packed[n]?.every(({ path }) => path.endsWith(`.ko.${extension}`)));
		t.deepEqual(packed[n]?.map(withoutExtension), plain);
	}
});

test("a machine without liblzma and libzstd digests modules alike, on threads of JavaScript", async (t) => {
	const folders = compressedFolders(t, 120);
	// The dynamic linker finds these empty files in place of the libraries, and refuses them.
	const libraries = folderOf(t, { "liblzma.so.5": "", "libzstd.so.1": "" });
	const { stdout } = await promisify(execFile)(process.execPath, [decoderSession, ...folders], {
		env: { ...process.env, LD_LIBRARY_PATH: libraries },
		maxBuffer: 1 << 26,
	});
	const { decoders, digests, threads } = JSON.parse(stdout);
	t.deepEqual(decoders, ["gunzip", "xz-decompress", "fzstd"]);
	t.is(threads, 2 * Math.min(3, availableParallelism()));
	t.is(digests.length, 4);
	for (const digest of digests) t.deepEqual(digest.map(withoutExtension), digests[0]);
	t.deepEqual(digests[0], JSON.parse(JSON.stringify(await digestFolder(folders[0]!))));
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
	t.deepEqual(modules.map(({ path, malformed }) => `${path}: ${malformed?.reason}`).sort(), [
		"absent.ko: No such file or directory",
		"cut.ko.gz: its end is missing",
		"directory.ko: Is a directory",
		"empty.ko: Invalid argument",
	]);
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
