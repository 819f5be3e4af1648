// hotplugd-capture, the shell script: its captures are those of the command, under busybox alone and under the system's shell.
import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
	accessSync,
	chmodSync,
	constants,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import type { Capture } from "../../src/agent/capture/capture.js";
import { readMachine } from "../support/fakes/captured-machine.js";
import { ourTool } from "../support/fakes/tool-in-process.js";
import { until } from "../support/running/until.js";
import { writeProgram } from "../support/running/written-program.js";
import { writeHostileMachine } from "../support/worlds/hostile-machine.js";
import { writePlantedMachine } from "../support/worlds/planted-machine.js";
import { plantSysfs } from "../support/worlds/planted-sysfs.js";
import { randomFrom, seededRandom } from "../support/worlds/random-numbers.js";
import { writeRandomSecrets } from "../support/worlds/random-secrets.js";

const SCRIPT = resolve("src/capture-script/hotplugd-capture");

/** The path of a program. @throws Error that says what to install */
function findProgram(name: string, from: string): string {
	const found = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
	const program = found.find((path) => existsSync(path));
	if (program === undefined) throw new Error(`there is no ${name}: install ${from}, as scripts/setup-vm.sh does`);
	return program;
}

const busybox = findProgram("busybox", "busybox-static");

/** The programs that the page says the script needs. */
const programs = (/```text\n([a-z0-9 \n]+)```/.exec(section("## Without node"))?.[1] ?? "").trim().split(/\s+/);

function section(title: string): string {
	const page = readFileSync("docs/capture.md", "utf8");
	return page.slice(page.indexOf(title));
}

const folders: string[] = [];

test.after.always(() => {
	for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the last test. */
function makeFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-capture-test-"));
	folders.push(folder);
	return folder;
}

/** A folder that has these programs of busybox, and nothing else. */
function makeApplets(names: readonly string[]): string {
	const folder = makeFolder();
	for (const name of names) symlinkSync(busybox, join(folder, name));
	return folder;
}

const applets = makeApplets(["sh", ...programs]);

type Shell = { readonly command: readonly string[]; readonly path: string };

const shells = {
	"busybox's sh": { command: [busybox, "sh"], path: applets },
	"the system's sh with busybox's programs": { command: ["/bin/sh"], path: applets },
	"the system's sh and programs": { command: ["/bin/sh"], path: process.env.PATH ?? "" },
} as const satisfies Readonly<Record<string, Shell>>;

const ofBusybox = shells["busybox's sh"];

type Said = Pick<SpawnSyncReturns<string>, "status" | "stdout" | "stderr">;

function run({ command, path }: Shell, words: readonly string[], environment: object = {}): Said {
	const [program = "", ...before] = command;
	return spawnSync(program, [...before, SCRIPT, ...words], {
		encoding: "utf8",
		env: { PATH: path, TMPDIR: tmpdir(), ...environment },
		maxBuffer: 2 ** 28,
	});
}

/** A capture without what may differ: who made it, and how well the indexes are compressed. */
function comparable(text: string): object {
	const { by, modules, ...rest } = JSON.parse(text) as Capture;
	const files = Object.entries(modules?.files ?? {}).map(([name, { gzip, ...index }]) => [
		name,
		{ ...index, content: gzip === undefined ? undefined : gunzipSync(Buffer.from(gzip, "base64")).toString("base64") },
	]);
	return { ...rest, modules: modules === undefined ? undefined : { ...modules, files: Object.fromEntries(files) } };
}

async function commandCapture(...words: readonly string[]): Promise<string> {
	const { stdout } = await ourTool("hotplugd", "capture", ...words);
	return Buffer.from(stdout, "latin1").toString("utf8");
}

/** The captures of a root: the command's, and the script's by each shell. */
async function checkEqual(t: ExecutionContext, root: string): Promise<void> {
	for (const [ours, theirs] of [
		[[], []],
		[
			["-u", "-n"],
			["--unmasked", "--without-indexes"],
		],
	] as const) {
		const wanted = comparable(await commandCapture(...theirs, "-d", root));
		for (const [name, shell] of Object.entries(shells)) {
			const { status, stdout, stderr } = run(shell, [...ours, "-r", root]);
			t.is(status, 0, `${name}: ${stderr}`);
			t.notRegex(stderr, /not found|syntax|awk:/, name);
			t.deepEqual(comparable(stdout), wanted, `${name} ${ours.join(" ")}`);
		}
	}
}

/** Without the rules of a package, of which the script knows nothing: they are not where the command's are. */
const writePlanted = (root: string): void => writePlantedMachine(root, "/opt/elsewhere/rules");

function makeRoot(t: ExecutionContext, write: (root: string) => void): string {
	const root = mkdtempSync(join(tmpdir(), "captured-"));
	t.teardown(() => rmSync(root, { recursive: true, force: true }));
	write(root);
	return root;
}

test.serial("a machine that has something of its own in every file is captured as by the command", (t) =>
	checkEqual(t, makeRoot(t, writePlanted)),
);

test.serial("devices with every kind of link are captured as by the command", async (t) => {
	const root = plantSysfs();
	t.teardown(() => rmSync(root, { recursive: true, force: true }));
	await checkEqual(t, root);
});

test.serial("hostile names, contents and links are captured as by the command", async (t) => {
	await checkEqual(t, makeRoot(t, writeHostileMachine));
	t.false(existsSync("pwned"));
});

test.serial("the captured machine of fixtures is captured as by the command", (t) => checkEqual(t, readMachine()));

test.serial("random texts are masked as by the command", async (t) => {
	const random = seededRandom(t);
	for (let machine = 0; machine < 3; machine++) {
		const seed = random.below(2 ** 32);
		t.log(`machine ${seed}`);
		await checkEqual(
			t,
			makeRoot(t, (root) => writeRandomSecrets(root, randomFrom(seed))),
		);
	}
});

test.serial("busybox and the system's shell find no fault in the script's syntax", (t) => {
	for (const { command } of Object.values(shells)) {
		const [program = "", ...before] = command;
		t.notThrows(() => execFileSync(program, [...before, "-n", SCRIPT]));
	}
	t.notThrows(() => accessSync(SCRIPT, constants.X_OK));
});

test.serial("the script says which program is missing; without ls it asks for each link by itself", (t) => {
	t.true(programs.length > 15);
	const root = makeRoot(t, writePlanted);
	const whole = run({ command: ["/bin/sh"], path: applets }, ["-r", root]);
	// sleep and uname are for this machine alone, and mv is for a file.
	for (const missing of programs.filter((name) => name !== "sleep")) {
		const path = makeApplets(["sh", ...programs.filter((name) => name !== missing)]);
		const words = missing === "uname" ? [] : ["-r", root, ...(missing === "mv" ? [join(path, "file")] : [])];
		const { stdout, stderr } = run({ command: ["/bin/sh"], path }, words);
		if (missing === "ls") t.deepEqual(comparable(stdout), comparable(whole.stdout));
		else t.regex(stderr, new RegExp(`\\b${missing}: not found|${missing}: No such file`), missing);
	}
});

test.serial("a file is written as a whole, compressed by its name, and nothing is left beside it", (t) => {
	const root = makeRoot(t, writePlanted);
	const folder = makeFolder();
	const plain = join(folder, "-a b\n.json");
	writeFileSync(plain, "old");
	t.is(run(ofBusybox, ["-r", root, plain]).status, 0);
	t.is(run(ofBusybox, ["-r", root, join(folder, "b.gz")]).status, 0);
	const text = readFileSync(plain, "utf8");
	t.is(text, run(ofBusybox, ["-r", root, "-"]).stdout);
	t.is(gunzipSync(readFileSync(join(folder, "b.gz"))).toString(), text);
	t.is(run(ofBusybox, ["-r", root, "--", folder]).status, 1, "a directory is not written to");
	t.is(run(ofBusybox, ["-r", root, join(folder, "no/such/place")]).status, 1);
	t.deepEqual(readdirSync(folder).sort(), ["-a b\n.json", "b.gz"]);
});

test.serial("a call that is not understood, and a machine without devices, capture nothing", (t) => {
	for (const [words, status, message] of [
		[["-x"], 2, /usage/],
		[["a", "b"], 2, /usage/],
		[["-r", "/no such directory"], 1, /there is no directory \/no such directory/],
		[["-r", makeFolder()], 1, /no devices/],
	] as const) {
		const said = run(ofBusybox, words);
		t.is(said.status, status);
		t.is(said.stdout, "");
		t.regex(said.stderr, message);
	}
	const root = makeFolder();
	symlinkSync("/sys", join(root, "sys"));
	t.regex(run(ofBusybox, ["-r", root]).stderr, /is a symbolic link/);
	rmSync(join(root, "sys"));
	mkdirSync(join(root, "sys"));
	symlinkSync("/sys/devices", join(root, "sys/devices"));
	t.is(run(ofBusybox, ["-r", root]).status, 1);
});

test.serial("temporary files are in a directory of this call alone, and gone at its end", (t) => {
	const root = makeRoot(t, writePlanted);
	const folder = makeFolder();
	t.is(run(ofBusybox, ["-r", root], { TMPDIR: folder }).status, 0);
	t.deepEqual(readdirSync(folder), []);
	const { status } = run(ofBusybox, ["-r", root], { TMPDIR: "/no such place" });
	t.is(status, 0, "another directory is taken where TMPDIR is odd");
});

test.serial("the environment changes nothing", (t) => {
	const root = makeRoot(t, writeHostileMachine);
	const odd = {
		...{
			LC_ALL: "de_DE.UTF-8",
			LANG: "tr_TR.UTF-8",
			IFS: "/",
			CDPATH: "/tmp",
			QUOTING_STYLE: "c",
			TIME_STYLE: "+ -> ",
		},
		...{ LS_COLORS: "ln=1", GZIP: "-1", GREP_OPTIONS: "-v", POSIXLY_CORRECT: "1", work: "/", root: "/", is_masked: "" },
		...{ release: "x", ENV: "/no such file", AWKPATH: "/" },
	};
	for (const shell of Object.values(shells)) {
		const { stdout } = run(shell, ["-r", root]);
		t.deepEqual(comparable(run(shell, ["-r", root], odd).stdout), comparable(stdout));
	}
});

/** A program `head` that never ends for a device of that name, in front of the real one. */
function makeHangingHead(t: ExecutionContext): string {
	const folder = makeRoot(t, () => {});
	const real = findProgram("head", "coreutils");
	writeProgram(
		join(folder, "head"),
		`#!/bin/sh
for word; do
	case $word in
	*/hangs/uevent) exec sleep 300 ;;
	esac
done
exec ${real} "$@"
`,
	);
	return `${folder}:${process.env.PATH}`;
}

function writeHanging(root: string): void {
	for (const name of ["answers", "hangs", "works"]) {
		mkdirSync(join(root, "sys/devices", name), { recursive: true });
		writeFileSync(join(root, "sys/devices", name, "uevent"), `MODALIAS=x:${name}\n`);
		writeFileSync(join(root, "sys/devices", name, "modalias"), `x:${name}\n`);
	}
}

test.serial("an attribute that does not answer is left out after five seconds, and all others are captured", (t) => {
	const root = makeRoot(t, writeHanging);
	const { status, stdout, stderr } = run({ command: ["/bin/sh"], path: makeHangingHead(t) }, ["-r", root]);
	t.is(status, 0);
	const { devices, lacks }: Capture = JSON.parse(stdout);
	t.deepEqual(devices, [
		{ devpath: "/devices/answers", modalias: "x:answers", uevent: "MODALIAS=x:answers" },
		{ devpath: "/devices/hangs", modalias: "x:hangs" },
		{ devpath: "/devices/works", modalias: "x:works", uevent: "MODALIAS=x:works" },
	]);
	t.true(lacks?.includes("devices.uevent"));
	t.regex(stderr, /^hotplugd-capture: \/sys\/devices\/hangs\/uevent cannot be read$/m);
});

test.serial("a signal ends it, and nothing is left", async (t) => {
	const root = makeRoot(t, writeHanging);
	const folder = makeFolder();
	const child = spawn("/bin/sh", [SCRIPT, "-r", root], {
		detached: true,
		env: { PATH: makeHangingHead(t), TMPDIR: folder },
		stdio: ["ignore", "ignore", "inherit"],
	});
	const ended = once(child, "exit");
	await until(() => readdirSync(folder).some((name) => existsSync(join(folder, name, "reader"))));
	process.kill(-child.pid!, "SIGTERM");
	await ended;
	t.deepEqual(readdirSync(folder), []);
});

test.serial("what this user may not read is in lacks, each with a line", (t) => {
	const root = makeRoot(t, (place) => {
		writePlanted(place);
		chmodSync(join(place, "etc/modprobe.d/alpha.conf"), 0);
		chmodSync(join(place, "sys/devices/platform/dock.0/modalias"), 0);
		chmodSync(join(place, "sys/kernel/debug"), 0);
	});
	t.teardown(() => chmodSync(join(root, "sys/kernel/debug"), 0o755));
	// In a user namespace of its own, root has no rights beyond an owner's.
	const shell = { command: ["unshare", "-U", "/bin/sh"], path: process.env.PATH ?? "" };
	const { status, stdout, stderr } = run(shell, ["-u", "-r", root]);
	t.is(status, 0);
	const { lacks = [], devices }: Capture = JSON.parse(stdout);
	const unread = ["/etc/modprobe.d/alpha.conf", "/sys/kernel/debug/devices_deferred", "devices.modalias"];
	t.deepEqual(
		unread.filter((part) => !lacks.includes(part)),
		[],
	);
	t.is(devices.find(({ devpath }) => devpath === "/devices/platform/dock.0")?.modalias, undefined);
	for (const path of ["/etc/modprobe.d/alpha.conf", "/sys/devices/platform/dock.0/modalias"])
		t.is(stderr.split("\n").filter((line) => line.includes(path)).length, 1, path);
});

test.serial("this machine is captured as by the command, as far as both see the same", async (t) => {
	const script = run(ofBusybox, ["-u", "-n"]);
	t.is(script.status, 0, script.stderr);
	const ours: Capture = JSON.parse(script.stdout);
	const theirs: Capture = JSON.parse(await commandCapture("--unmasked", "--without-indexes"));
	t.is(ours.release, theirs.release);
	t.is(ours.architecture, theirs.architecture);
	// Tests that run beside this one add and remove devices, modules and mounts.
	const stable = ({ devices }: Capture) => devices.filter(({ devpath }) => !devpath.startsWith("/devices/virtual/"));
	t.deepEqual(stable(ours), stable(theirs));
	t.deepEqual(ours.mounts, theirs.mounts);
	t.deepEqual(ours.modules, theirs.modules);
	t.deepEqual(
		Object.keys(ours.files),
		Object.keys(theirs.files).filter((path) => !path.startsWith(resolve("rules"))),
	);
});
