// depmod beside the real one on a tree that may not be read, or that changes while it is read.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import test, { type ExecutionContext } from "ava";
import { moduleImage } from "../../support/worlds/elf-image.js";
import { differences } from "../kmod/differences.js";

const FOLDERS = ["a", "b", "c"];
const lists = ["modules.order", "modules.builtin", "modules.builtin.modinfo"];

/** Makes a root with the modules a/ma.ko, b/mb.ko and c/mc.ko. */
function makeTree(t: ExecutionContext): string {
	const root = mkdtempSync(join(tmpdir(), "depmod-"));
	t.teardown(() => rmSync(root, { recursive: true, force: true }));
	const files = FOLDERS.map((name) => [`${name}/m${name}.ko`, moduleImage([`s${name}`], [])] as const);
	for (const [path, content] of [...files, ...lists.map((name) => [name, ""] as const)]) {
		mkdirSync(dirname(at(root, path)), { recursive: true });
		writeFileSync(at(root, path), content);
	}
	return root;
}

const at = (root: string, path: string) => join(root, "lib/modules/1.0", path);

type Outcome = { status: number | null; stdout: string; stderr: string; files: Record<string, string> };

const ours = [process.execPath, resolve("dist/main.js"), "depmod"];

function run(
	t: ExecutionContext,
	depmod: readonly string[],
	options: readonly string[],
	[path, mode]: Damage,
): Outcome {
	const root = makeTree(t);
	const before = readdirSync(at(root, ""));
	if (options.includes("-A")) writeFileSync(at(root, "modules.dep"), "");
	chmodSync(at(root, path), mode);
	// In a user namespace without a mapped user, the modes of files apply to root, too.
	const words = ["--user", ...depmod, ...options, "-b", root, "1.0"];
	const { status, stdout, stderr } = spawnSync("unshare", words, { encoding: "latin1" });
	chmodSync(at(root, path), 0o755);
	const plain = (text: string) => text.replaceAll(root, "@");
	const made = readdirSync(at(root, "")).filter((name) => !before.includes(name) && !name.endsWith(".bin"));
	const files = Object.fromEntries(made.map((name) => [name, readFileSync(at(root, name), "latin1")]));
	return { status, stdout: plain(stdout), stderr: plain(stderr), files };
}

/** The path whose mode is changed, and the mode. */
type Damage = readonly [path: string, mode: number];
type Case = {
	readonly damage: Damage;
	readonly options?: readonly string[];
	/** Derives our outcome from the real one. */
	readonly ours?: (real: Outcome) => Partial<Outcome>;
};

const NAMED = "what cannot be read is named by its path, and is a failure";
const named = ({ stderr }: Outcome): Partial<Outcome> => ({
	stderr: stderr
		.replace(/openat\(\d+, (\w+), O_RDONLY\)/, "could not open @/lib/modules/1.0/$1")
		.replace(/fstatat\(\d+, (\w+\.ko)\)/, "could not stat @/lib/modules/1.0/b/$1"),
});
const namedAndFailed = (real: Outcome): Partial<Outcome> => ({ status: 1, ...named(real) });

const cases: readonly Case[] = [
	{ damage: ["b", 0o000], ours: namedAndFailed },
	{ damage: ["b", 0o000], options: ["-n"], ours: namedAndFailed },
	{ damage: ["b", 0o000], options: ["-A"], ours: named },
	{ damage: ["b", 0o100], ours: namedAndFailed },
	{ damage: ["b", 0o400], ours: namedAndFailed },
	{ damage: ["b", 0o400], options: ["-n"], ours: namedAndFailed },
	{ damage: ["b", 0o400], options: ["-A"], ours: named },
	{ damage: ["b/mb.ko", 0o000] },
	{ damage: ["", 0o000] },
	{ damage: ["", 0o100] },
];

for (const { damage, options = [], ours: difference } of cases)
	test(`mode ${damage[1].toString(8)} of ${damage[0] || "the whole"}: depmod ${options.join(" ")}`, (t) => {
		const real = run(t, ["depmod"], options, damage);
		const expected = { ...real, ...difference?.(real) };
		t.regex(real.stderr, /^depmod: ERROR: .*: Permission denied$/m);
		if (difference !== undefined) {
			t.true(differences.some(({ what }) => what === NAMED));
			t.notDeepEqual(expected, real);
		}
		const { files, stdout, ...rest } = run(t, ours, options, damage);
		const { "modules.weakdep": _, ...known } = files;
		const header = "# Weak dependencies extracted from modules themselves.\n";
		t.deepEqual({ ...rest, stdout: stdout.replace(header, ""), files: known }, expected);
	});

test("directories that come and go while they are read leave indexes of all that stayed", async (t) => {
	const root = makeTree(t);
	// The loop makes hard links, since a file that is being copied is incomplete for a while.
	cpSync(at(root, "b"), at(root, "b.all"), { recursive: true });
	const script = 'cd "$0"; until [ -e stop ]; do for d in b c/d; do rm -rf $d; mkdir $d; ln b.all/mb.ko $d; done; done';
	const churner = spawn("sh", ["-c", script, at(root, "")], { stdio: "ignore" });
	t.teardown(async () => {
		// The loop is stopped by a file: when killed, its shell would leave a running command behind while the folder is removed.
		writeFileSync(at(root, "stop"), "");
		await once(churner, "exit");
	});
	for (let round = 0; round < 8; round++) {
		const { status, stderr } = spawnSync(ours[0]!, [...ours.slice(1), "-b", root, "1.0"], { encoding: "utf8" });
		const strange = stderr.split("\n").filter((line) => line !== "" && !/: No such file or directory$/.test(line));
		t.deepEqual({ status, strange }, { status: 0, strange: [] });
		const real = spawnSync("modprobe", ["-C", "/dev/null", "-d", root, "-S", "1.0", "-a", "-D", "ma", "mc"], {
			encoding: "utf8",
		});
		t.is(real.stdout, ["a/ma", "c/mc"].map((path) => `insmod ${at(root, path)}.ko \n`).join(""));
	}
});
