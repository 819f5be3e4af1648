// The tools on Debian's whole kernel package, its modules compressed with xz, zstd and gzip, beside the real ones. Debian's
// kmod cannot unpack gzip. For gzip, the real tools read the uncompressed modules, and indexes that name the gzip files.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { ourTool } from "../../support/fakes/tool-in-process.js";
import { chunks } from "../../support/real/real-kmod.js";
import { asset, digest } from "../../support/vm/images/cache.js";
import { entriesOf } from "../../support/worlds/depmod-world.js";
import { type PackageModules, packageModules, sample } from "../../support/worlds/module-files.js";
import { differences } from "./differences.js";

/** The trees, each with the tree that real kmod can unpack. */
const trees = [
	{ tree: "xz", unpacked: "xz" },
	{ tree: "zst", unpacked: "zst" },
	{ tree: "gz", unpacked: "plain" },
] as const;

/** On a busy machine it takes long to unpack thousands of files. */
const PACKAGE_TIMEOUT_MILLISECONDS = 5 * 60 * 1000;
const SAMPLE = 60;

for (const { tree, unpacked } of trees) {
	test(`modinfo of every module compressed by ${tree} is the real one's`, async (t) => {
		t.timeout(PACKAGE_TIMEOUT_MILLISECONDS);
		const { directory, paths } = await packageModules(tree);
		const readable = await packageModules(unpacked);
		const said = await sayReally(readable, "modinfo", [], atPaths(readable.directory, readable.paths));
		const ours = await ourTool("modinfo", ...atPaths(directory, paths));
		const text = withoutBuildId(ours.stdout);
		const renamed = said
			.replaceAll(`${readable.directory}/`, `${directory}/`)
			.replaceAll(/\.ko(\.\w+)?$/gm, `.ko.${tree}`);
		sameText(t, text, renamed);
		t.deepEqual([ours.status, ours.stderr], [0, ""]);
		const compared = text.match(new RegExp(`^filename: .*\\.ko\\.${tree}$`, "gm"))?.length ?? 0;
		t.log(`${compared} modules, ${text.length} bytes`);
		t.is(compared, paths.length);
		t.true(compared >= 1000 && text.includes("\nsig_key:        "));
	});

	for (const option of ["--show-modversions", "--show-exports"])
		test(`modprobe ${option} of ${SAMPLE} modules compressed by ${tree} is the real one's`, async (t) => {
			const { directory, paths } = await packageModules(tree);
			const real = await packageModules(unpacked);
			const ours: string[] = [];
			for (const path of sample(paths, SAMPLE))
				ours.push((await ourTool("modprobe", "-q", option, join(directory, path))).stdout);
			t.deepEqual(ours, showReally(option, real.directory, sample(real.paths, SAMPLE)));
			const lines = ours.join("").split("\n").length - 1;
			t.log(`${lines} symbols`);
			t.true(lines > SAMPLE);
		});

	test(`modprobe -D of every module compressed by ${tree} is the real one's, repeats kept`, async (t) => {
		const modules = await packageModules(tree);
		const names = modules.paths.map((path) => path.replace(/.*\//, "").replace(/\..*/, ""));
		const options = ["-C", "/dev/null", "-d", modules.root, "-S", modules.release, "-a", "-D"];
		const real = await sayReally(modules, "modprobe", options, names);
		const ours = await ourTool("modprobe", ...options, ...names);
		sameText(t, ours.stdout, real);
		t.deepEqual([ours.status, ours.stderr], [0, ""]);
		const lines = ours.stdout.match(/^insmod .*$/gm) ?? [];
		t.log(`${names.length} modules, ${lines.length} lines`);
		t.true(names.length > 4000 && lines.length > names.length);
		t.true(lines.every((line) => line.includes(`.ko.${tree} `)));
	});

	test(`modprobe -R of every alias of modules compressed by ${tree} is the real one's`, async (t) => {
		const modules = await packageModules(tree);
		const index = readFileSync(join(modules.directory, "modules.alias"), "latin1");
		const patterns = [...index.matchAll(/^alias (.*) \S+$/gm)].map(([, pattern = ""]) => concrete(pattern));
		const aliases = [...new Set(patterns)];
		const options = ["-C", "/dev/null", "-d", modules.root, "-S", modules.release, "-q", "-a", "-R"];
		const real = await sayReally(modules, "modprobe", options, aliases);
		const ours = await ourTool("modprobe", ...options, ...aliases);
		sameText(t, ours.stdout, real);
		t.deepEqual([ours.status, ours.stderr], [0, ""]);
		const lines = ours.stdout.split("\n").length - 1;
		t.log(`${aliases.length} aliases, ${lines} modules`);
		t.true(aliases.length > 10_000 && lines > aliases.length);
	});

	test(`depmod makes of modules compressed by ${tree} what the real one makes`, async (t) => {
		t.timeout(PACKAGE_TIMEOUT_MILLISECONDS);
		const { root, release, directory, paths } = await packageModules(tree);
		const output = mkdtempSync(join(tmpdir(), "compressed-package-"));
		t.teardown(() => rmSync(output, { recursive: true }));
		const ours = await ourTool("depmod", "-b", root, "-o", output, release);
		t.deepEqual(ours, { status: 0, stdout: "", stderr: "" });
		const made = join(output, "lib/modules", release);
		const given = ["modules.builtin", "modules.builtin.modinfo", "modules.order"];
		const names = readdirSync(directory).filter((name) => name.startsWith("modules.") && !given.includes(name));
		t.deepEqual(readdirSync(made).sort(), [...names, newerIndex(t)].sort());
		const counts: Record<string, number> = {};
		for (const name of names) {
			const [text, real] = [made, directory].map((place) => readIndex(place, name));
			sameText(t, text!, real!);
			counts[name] = text!.split("\n").length - 1;
		}
		t.log(counts);
		t.is(counts["modules.dep"], paths.length);
		// The first line is the size; the entries follow.
		t.is(counts["modules.dep.bin"], paths.length + 1);
		t.true(paths.length > 4000 && counts["modules.alias.bin"]! > 10_000 && counts["modules.symbols.bin"]! > 10_000);
	});
}

/** The output of a real tool for a tree. It is cached, since the real tool takes as long as ours. */
async function sayReally({ root }: PackageModules, tool: string, options: readonly string[], names: readonly string[]) {
	const [version = ""] = execFileSync("kmod", ["--version"], { encoding: "latin1" }).split("\n");
	// The cached text is independent of the tree's path.
	const away = (text: string) => text.replaceAll(`${root}/`, "@/");
	const asked = digest(version, away([...options, ...names, ""].join("\n")));
	const file = await asset(`${tool}-${asked}-${root.replace(/.*\//, "")}`, async (draft) => {
		const said = [...chunks(names, 500)].map((chunk) =>
			execFileSync(`/sbin/${tool}`, [...options, ...chunk], { encoding: "latin1", maxBuffer: 1 << 28 }),
		);
		writeFileSync(draft, away(said.join("")), "latin1");
	});
	return readFileSync(file, "latin1").replaceAll("@/", `${root}/`);
}

function atPaths(directory: string, paths: readonly string[]): string[] {
	return paths.map((path) => join(directory, path));
}

/** Debian's modinfo does not print the build id yet. */
function withoutBuildId(text: string): string {
	if (!differences.some(({ tool, what }) => tool === "modinfo" && what === "the build id is shown")) return text;
	return text.replaceAll(/^build-id: .*\n/gm, "");
}

/** Debian's depmod does not write this index yet. */
function newerIndex(t: ExecutionContext): string {
	t.true(differences.some(({ what }) => what === "weak dependencies have a file of their own"));
	return "modules.weakdep";
}

/** Runs the tool for all files in one shell: starting each process from this one takes far longer. */
function showReally(option: string, directory: string, paths: readonly string[]): string[] {
	const script = 'option=$1; shift; for file; do modprobe -q "$option" "$file"; printf "\\f"; done';
	const said = execFileSync("/bin/sh", ["-c", script, "sh", option, ...atPaths(directory, paths)], {
		encoding: "latin1",
		env: { PATH: "/sbin:/bin:/usr/bin" },
	});
	return said.split("\f").slice(0, -1);
}

function readIndex(directory: string, name: string): string {
	const bytes = readFileSync(join(directory, name));
	return name.endsWith(".bin") ? entriesOf(name, bytes) : bytes.toString("latin1");
}

/** A string that the pattern matches: a bracket becomes its first member, a wildcard becomes a character. */
function concrete(pattern: string): string {
	return pattern.replaceAll(/\[([^\]])[^\]]*\]/g, "$1").replaceAll(/[*?]/g, "0");
}

/** Compares texts. Only the first differing line is shown, since all of them would fill many screens. */
function sameText(t: ExecutionContext, ours: string, real: string): void {
	if (ours === real) return void t.pass();
	const [oursLines, realLines] = [ours.split("\n"), real.split("\n")];
	const line = oursLines.findIndex((text, n) => text !== realLines[n]);
	t.deepEqual({ line, text: oursLines[line] }, { line, text: realLines[line] });
	t.is(oursLines.length, realLines.length);
	t.fail("they differ");
}
