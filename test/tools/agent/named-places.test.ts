// Files that options and operands name and that are not of the expected kind: a message says so, whatever is there instead.
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { readMachine } from "../../support/fakes/captured-machine.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";

const CAPTURED = readMachine();
const OF_CAPTURED = ["-d", CAPTURED, "-S", "6.1.0-56-amd64"];

/** Makes files of each kind that is no directory, and a directory. */
function makePlaces(t: ExecutionContext) {
	const folder = mkdtempSync(join(tmpdir(), "places-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const at = (name: string) => join(folder, name);
	mkdirSync(at("directory"));
	writeFileSync(at("file"), "");
	execFileSync("mkfifo", [at("fifo")]);
	symlinkSync("gone", at("dangling"));
	symlinkSync("loop", at("loop"));
	return { folder, at };
}

const noDirectories = {
	file: "is no directory",
	fifo: "is no directory",
	dangling: "there is no such directory",
	absent: "there is no such directory",
};

test("what --policy names and is no directory is a problem, for coldplug and for check", async (t) => {
	const { at } = makePlaces(t);
	const named = Object.entries(noDirectories).map(([name, why]) => [at(name), why] as const);
	for (const [path, why] of [...named, ["/dev/zero", "is no directory"] as const]) {
		const dry = await ourTool("coldplug", "-n", ...OF_CAPTURED, "--policy", path);
		t.is(dry.stderr, `coldplug: ${path}: ${why}\n`);
		const checked = await ourTool("check", ...OF_CAPTURED, `--policy=${path}`);
		t.is(checked.status, 1);
		t.is(checked.stdout.split("\n")[0], `${path}: ${why}`);
	}
	t.is((await ourTool("coldplug", "-n", ...OF_CAPTURED, "--policy", at("directory"))).stderr, "");
});

for (const words of [["coldplug", "-n"], ["check"], ["run"]] as const)
	test(`a root that is no directory is named before anything else is said of it (${words.join(" ")})`, async (t) => {
		const { at } = makePlaces(t);
		const [command, ...options] = words;
		const program = command === "coldplug" ? command : `hotplugd ${command}`;
		for (const [name, why] of Object.entries(noDirectories))
			t.deepEqual(await ourTool(command, ...options, "-d", at(name)), {
				status: 2,
				stdout: "",
				stderr: `${program}: -d ${at(name)}: ${why}\n`,
			});
		t.deepEqual(await ourTool(command, ...options, "-d", at("loop")), {
			status: 1,
			stdout: "",
			stderr: `${program}: could not list ${at("loop")}: ELOOP\n`,
		});
	});

test("a name that is empty is a variable that was not set, and refused", async (t) => {
	const refusals = [
		["coldplug", "--policy", "directory"],
		["coldplug", "--sysfs", "directory"],
		["explain", "--also", "directory"],
		["explain", "--log", "file"],
		["check", "--policy", "directory"],
		["check", "-C", "file or directory"],
		["check", "--config", "file"],
		["run", "--policy", "directory"],
		["run", "--run-directory", "directory"],
	] as const;
	for (const [command, option, kind] of refusals) {
		const dry = command === "coldplug" ? ["-n"] : [];
		const program = command === "coldplug" ? command : `hotplugd ${command}`;
		const subject = command === "explain" ? ["loop"] : [];
		t.deepEqual(await ourTool(command, ...dry, option, "", ...subject), {
			status: 2,
			stdout: "",
			stderr: `${program}: ${option} names no ${kind}: it is empty\n`,
		});
	}
});

/** Runs the executable's check. The words may have process substitutions of bash. */
function check(words: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
	const { status, stdout, stderr } = spawnSync("bash", ["-c", `exec dist/main.js check ${words}`], {
		encoding: "utf8",
	});
	return { status, stdout, stderr };
}

test("check takes settings from a pipe that is named", (t) => {
	const { status, stdout, stderr } = check(`${OF_CAPTURED.join(" ")} --config <(echo 'paralel = 1')`);
	t.deepEqual({ status, stderr }, { status: 1, stderr: "" });
	t.regex(stdout, /^\/dev\/fd\/\d+ line 1: paralel is no setting; /);
});

test("check reads a FIFO of each kind of file that is named, and refuses one that is not", (t) => {
	const { folder, at } = makePlaces(t);
	for (const name of ["a.toml", "a.conf", "a.bin"]) execFileSync("mkfifo", [at(name)]);
	const index = `${CAPTURED}/lib/modules/6.1.0-56-amd64/modules.alias.bin`;
	const { status, stdout, stderr } = check(
		`${folder}/a.toml ${folder}/a.conf ${folder}/a.bin & echo '[[mask]]' >${folder}/a.toml; echo rubbish >${folder}/a.conf; cat ${index} >${folder}/a.bin; wait $!`,
	);
	t.deepEqual({ status, stderr }, { status: 1, stderr: "" });
	t.is(
		stdout,
		`${folder}/a.toml line 1: mask must say by module what is masked\n${folder}/a.conf line 1: ignoring bad line starting with 'rubbish'\n2 problems in 3 files\n`,
	);
	const directory = at("directory");
	execFileSync("mkfifo", [join(directory, "b.toml")]);
	t.regex(
		check(`${OF_CAPTURED.join(" ")} --policy ${directory}`).stdout,
		/^\S+\/b\.toml: cannot be read \(it is a FIFO, and no regular file\)/,
	);
});

test("the package's own rules are those of the root that is asked about", async (t) => {
	const { at } = makePlaces(t);
	const { thisMachine } = await import("../../../src/this-machine.js");
	const root = at("root");
	const rules = `${root}${thisMachine.rulesDirectory}`;
	mkdirSync(rules, { recursive: true });
	const policyOf = async () =>
		(await ourTool("check", "--json", "-d", root)).stdout
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line))
			.filter(({ as }) => as === "policy")
			.map(({ file }) => file);
	t.deepEqual(await policyOf(), []);
	copyFileSync("rules/udev-loads.toml", join(rules, "theirs.toml"));
	t.deepEqual(await policyOf(), [join(rules, "theirs.toml")]);
});
