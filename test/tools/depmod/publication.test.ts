// depmod's publication of its files: with concurrent depmods, when it is killed, and when it cannot get the lock.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import test, { type ExecutionContext } from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { lockDirectory } from "../../../src/linux/depmod/directory-lock.js";
import { run, thisMachine } from "../../../src/main.js";
import { compile } from "../../support/running/c-program.js";
import { until } from "../../support/running/until.js";
import { moduleImage } from "../../support/worlds/elf-image.js";

const RELEASE = "1.0";
const at = (root: string, path = "") => join(root, "lib/modules", RELEASE, path);

/** Makes a module tree without indexes. @param more the names of modules in addition to the first one */
function makeTree(t: ExecutionContext, ...more: readonly string[]): string {
	const root = mkdtempSync(join(tmpdir(), "depmod-"));
	t.teardown(() => rmSync(root, { recursive: true, force: true }));
	addModule(root, "first");
	for (const name of more) addModule(root, name);
	for (const name of ["modules.order", "modules.builtin", "modules.builtin.modinfo"]) writeFileSync(at(root, name), "");
	return root;
}

function addModule(root: string, name: string): void {
	const image = moduleImage([`s_${name}`], [], [`alias=x:${name}`, `softdep=pre: ${name}_before`]);
	mkdirSync(dirname(at(root, `kernel/${name}.ko`)), { recursive: true });
	writeFileSync(at(root, `kernel/${name}.ko`), image);
}

/** The files that depmod has written, as text of one character a byte. */
function readFiles(root: string): Record<string, string> {
	const names = readdirSync(at(root)).filter(
		(name) => name.includes("modules.") && !/order$|builtin$|modinfo$/.test(name),
	);
	return Object.fromEntries(names.sort().map((name) => [name, readFileSync(at(root, name), "latin1")]));
}

type Faults = Partial<
	Record<"KILLED_AT_RENAME" | "RENAME_MILLISECONDS" | "FLOCK_ERRNO" | "FSYNC_ERRNO" | "FSYNC_UP_TO", number>
>;

const environmentOf = (faults: Faults) => ({
	...Object.fromEntries(Object.entries(faults).map(([name, value]) => [name, `${value}`])),
	PATH: process.env.PATH,
	LD_PRELOAD: compile("publication-faults", "-shared", "-fPIC", "-ldl"),
});

const wordsOf = (root: string, ...options: string[]) => [
	resolve("dist/main.js"),
	"depmod",
	...options,
	"-b",
	root,
	RELEASE,
];

function depmod(root: string, faults: Faults = {}, ...options: string[]) {
	const { status, signal, stderr } = spawnSync(process.execPath, wordsOf(root, ...options), {
		env: environmentOf(faults),
		encoding: "latin1",
	});
	return { status, signal, stderr };
}

const well = { status: 0, signal: null, stderr: "" };

function check(root: string) {
	const words = [resolve("dist/main.js"), "check", "-d", root, "-S", RELEASE];
	const { status, stdout } = spawnSync(process.execPath, words, { encoding: "latin1" });
	return { status, stdout };
}

const MIXED = "files may be of two runs; run depmod";

test("killed between two renames it leaves whole files, which are told to be of two runs, and the next one mends that", (t) => {
	const world = makeTree(t);
	t.deepEqual(depmod(world), well);
	const old = readFiles(world);
	addModule(world, "second");
	const complete = makeTree(t, "second");
	t.deepEqual(depmod(complete), well);
	const fresh = readFiles(complete);
	const counts = Object.keys(fresh).map((_, n) => n + 1);
	t.is(counts.length, 11);
	for (const rename of counts) {
		const root = mkdtempSync(join(tmpdir(), "depmod-"));
		t.teardown(() => rmSync(root, { recursive: true, force: true }));
		cpSync(world, root, { recursive: true, preserveTimestamps: true });
		t.is(depmod(root, { KILLED_AT_RENAME: rename }).signal, "SIGKILL");
		const left = readFiles(root);
		let replaced = 0;
		for (const [name, content] of Object.entries(left)) {
			if (name.startsWith(".")) continue;
			t.true(content === old[name] || content === fresh[name], name);
			if (content === fresh[name] && content !== old[name]) replaced++;
		}
		const told = check(root);
		t.is(told.status, 1, `${rename}`);
		t.true(told.stdout.includes(MIXED), told.stdout);
		t.true(replaced < rename);
		// By the modification time of modules.dep alone the files would count as up to date.
		t.deepEqual(depmod(root, {}, "-A"), well);
		t.deepEqual(readFiles(root), fresh);
		t.is(check(root).status, 0);
	}
});

test("of two at once the second waits for the first, and the files are of one alone", async (t) => {
	const root = makeTree(t);
	t.deepEqual(depmod(root), well);
	const { ino } = statSync(at(root, "modules.dep"));
	const slow = spawn(process.execPath, wordsOf(root), {
		env: environmentOf({ RENAME_MILLISECONDS: 500 }),
		stdio: ["ignore", "ignore", "inherit"],
	});
	const ended = once(slow, "exit");
	await until(() => statSync(at(root, "modules.dep")).ino !== ino);
	addModule(root, "second");
	const { status, stderr } = depmod(root);
	t.is(status, 0);
	t.regex(stderr, /^$|^depmod: WARNING: waiting for another process, which has locked \S+\n$/);
	t.deepEqual(await ended, [0, null]);
	const complete = makeTree(t, "second");
	t.deepEqual(depmod(complete), well);
	t.deepEqual(readFiles(root), readFiles(complete));
});

for (const code of ["ENOLCK", "ENOSYS", "EROFS", "ENOTSUP"] as const)
	test(`where no lock is to be had (${code}) it goes on and says so`, (t) => {
		const root = makeTree(t);
		const { status, stderr } = depmod(root, { FLOCK_ERRNO: constants.errno[code] });
		t.is(status, 0);
		t.regex(
			stderr,
			/^depmod: WARNING: could not lock \S+\/lib\/modules\/1\.0: [\w -]+, going on without a lock; .*\n$/,
		);
		t.is(check(root).status, 0);
	});

test("where nothing can be synced it fails, the old files stay, and it ends", (t) => {
	const root = makeTree(t);
	t.deepEqual(depmod(root), well);
	const old = readFiles(root);
	addModule(root, "second");
	const { status, stderr } = depmod(root, { FSYNC_ERRNO: constants.errno.EIO, FSYNC_UP_TO: 1000 });
	t.is(status, 1);
	t.regex(stderr, /^depmod: ERROR: could not sync \S+modules\.dep: Input\/output error\n$/);
	t.deepEqual(readFiles(root), old);
});

test("where what it says cannot be synced it ends all the same", (t) => {
	const root = makeTree(t);
	t.deepEqual(depmod(root, { FSYNC_ERRNO: constants.errno.ENOSPC, FSYNC_UP_TO: 2 }), well);
});

async function inProcess(root: string, lock: () => never, ...options: string[]) {
	const said: string[] = [];
	const tree = { ...(await thisMachine.moduleTree()), lock: async () => lock() };
	const machine = { ...thisMachine, print: () => undefined, complain: (text: string) => void said.push(text) };
	const words = ["node", "/sbin/depmod", ...options, "-b", root, RELEASE];
	const status = await run(words, { ...machine, moduleTree: async () => tree });
	return { status, said: said.join("") };
}

test("a lock that somebody keeps is not waited for without an end", async (t) => {
	const root = makeTree(t);
	const reason = new Refusal({ operation: "lock", subject: at(root), code: "ETIMEDOUT" });
	const { status, said } = await inProcess(root, () => ({ held: false, reason }) as never);
	t.is(status, 0);
	t.regex(said, /^depmod: WARNING: \S+ is still locked by another process after \d+ s, going on without a lock; .*\n$/);
	t.is(check(root).status, 0);
});

test("who reads alone waits for nobody", async (t) => {
	const root = makeTree(t);
	const lock = await lockDirectory(at(root), { make: false, patienceMilliseconds: 0, onWait: () => undefined });
	t.true(lock.held);
	t.deepEqual(depmod(root, {}, "-n"), well);
	if (lock.held) lock.release();
});

test("a module directory that is not there is not made for its lock", (t) => {
	const root = makeTree(t);
	rmSync(at(root), { recursive: true });
	t.is(depmod(root).status, 1);
	t.is(depmod(root, {}, "-o", join(root, "out")).status, 1);
	t.deepEqual(readdirSync(root), ["lib"]);
});

test("another output directory is made and locked", (t) => {
	const root = makeTree(t);
	t.deepEqual(depmod(root, {}, "-o", join(root, "out")), well);
	t.is(readdirSync(at(join(root, "out"))).length, 11);
});
