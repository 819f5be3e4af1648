// The messages of kmod's tools about files that cannot be read. A tool prints them under its own name, as kmod does, for any
// file.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { check } from "../../../src/tools/agent/check.js";
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { commands } from "../../../src/tools/kmod/kmod.js";
import { kmodTools } from "../../../src/tools/kmod/kmod-tools.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";
import { moduleImage } from "../../support/worlds/elf-image.js";
import { RELEASE } from "../../support/worlds/world.js";
import { writeWorld } from "../../support/worlds/world-folder.js";

/** A machine on which reading fails: of every file, or of those whose paths match. */
function makeUnreadable(which = /^/) {
	const machine = makeFakeMachine({ world: { modules: { card: [] }, builtin: ["built"] } });
	const { fakeKernel } = machine;
	const refusing =
		<T>(act: (path: string) => T) =>
		(path: string): T => {
			if (which.test(path)) throw new Refusal({ operation: "read", subject: path, code: "EIO" });
			return act(path);
		};
	const kernel = {
		...fakeKernel,
		read: refusing(fakeKernel.read),
		list: refusing(fakeKernel.list),
		stamp: refusing(fakeKernel.stamp),
	};
	return {
		...machine,
		kernel: async () => kernel,
		moduleTree: async () => ({
			walk: () => ({ files: [], failures: [] }),
			digest: async (directory: string) => {
				throw new Refusal({ operation: "read", subject: directory, code: "EIO" });
			},
			modified: refusing(() => undefined),
			lock: async () => ({ held: true as const, release: () => undefined }) as never,
			publish: async () => undefined,
		}),
	};
}

const calls: Readonly<Record<string, readonly (readonly string[])[]>> = {
	lsmod: [[]],
	insmod: [["card.ko"]],
	rmmod: [["card"]],
	modinfo: [["card"], ["card.ko"], ["built"], ["-m", "built"]],
	modprobe: [
		["card"],
		["-D", "card"],
		["-R", "card"],
		["-r", "card"],
		["-c"],
		["--show-exports", "card"],
		["./card.ko"],
	],
	depmod: [["-n"], ["-A"], ["-F", "map"], ["-C", "conf"]],
};

/** The start of each line of standard error. */
const prefixes: Readonly<Record<string, RegExp>> = {
	modprobe: /^(?:modprobe|libkmod): /,
	list: /^list: /,
	insert: /^kmod insert: /,
	remove: /^kmod remove: /,
	"static-nodes": /^(?:Error|Warning): /,
};

const tools = kmodTools;
const { help: __, ...own } = commands;

for (const [name, load] of Object.entries({ ...tools, ...own }))
	for (const words of calls[name] ?? (["list", "static-nodes"].includes(name) ? [[]] : [["card"], ["./card.ko"]]))
		for (const which of [/^/, /^(?!\/etc\/hotplugd\.toml)/, /\.bin$/, /^\/(?:proc|sys)/, /card\.ko$/])
			test(`a machine of which ${which} cannot be read is told by the tool's own name: ${[name, ...words].join(" ")}`, async (t) => {
				const machine = makeUnreadable(which);
				const status = await (await load()).start(words, machine);
				const lines = machine.complained().split("\n").slice(0, -1);
				const prefix = prefixes[name] ?? new RegExp(`^${name}: `);
				t.deepEqual(
					lines.filter((line) => !prefix.test(line)),
					[],
				);
				if (status !== 0) t.true(lines.length > 0);
			});

test("modprobe -q says nothing of it, and fails", async (t) => {
	const machine = makeUnreadable(/^\/(?:proc|sys)/);
	const modprobe = await kmodTools.modprobe!();
	t.is(await modprobe.start(["-q", "card"], machine), 1);
	t.is(machine.complained(), "");
});

test("check has a problem for each file that cannot be read, and goes on", async (t) => {
	const machine = makeUnreadable();
	t.is(await check.start([], machine), 1);
	t.is(machine.complained(), "");
	const files = machine
		.printed()
		.split("\n")
		.map((line) => line.split(": ")[0]);
	for (const file of ["/etc/hotplugd.toml", "/etc/hotplugd/rules.d", "/proc/cmdline", "/etc/modprobe.d"])
		t.is(files.filter((one) => one === file).length, 1, file);
	t.true(files.some((file) => file?.endsWith("/modules.dep.bin")));
});

test("the agent's commands say under their own names what ends them", async (t) => {
	const machine = makeUnreadable();
	t.is(await coldplug.start(["-n"], machine), 2);
	t.is(
		machine.complained(),
		[
			"coldplug: could not read /proc/cmdline: EIO, so a hotplugd= in that file is ignored\n",
			"coldplug: could not read the settings in /etc/hotplugd.toml: EIO\n",
		].join(""),
	);
	const homeless = {
		...makeUnreadable(),
		workingDirectory: () => {
			throw new Refusal({ operation: "find", subject: "the working directory", code: "ENOENT" });
		},
	};
	t.is(await coldplug.start(["-n", "-d", "root"], homeless), 1);
	t.is(homeless.complained(), "coldplug: could not find the working directory: ENOENT\n");
});

/** A tree of modules with a built-in one, without the file that has the information about built-in modules. */
function makeTree(t: ExecutionContext) {
	const folder = mkdtempSync(join(tmpdir(), "refused-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	writeWorld(folder, { modules: { card: [] }, builtin: ["built"] });
	const infoFile = join(folder, "lib/modules", RELEASE, "modules.builtin.modinfo");
	return { folder, infoFile, words: ["-b", folder, "-k", RELEASE, "built"] };
}

const BUILT = "name:           built\nfilename:       (builtin)\n";

test("modinfo says as kmod does that what a built-in module says of itself cannot be read, and which file that is", async (t) => {
	const kinds: readonly (readonly [string, (path: string) => void])[] = [
		["ELOOP", (path) => symlinkSync("modules.builtin.modinfo", path)],
		["EISDIR", (path) => mkdirSync(path)],
	];
	for (const [code, make] of kinds) {
		const { infoFile, words } = makeTree(t);
		make(infoFile);
		const real = spawnSync("/sbin/modinfo", words, { encoding: "utf8" });
		const said = real.stderr.split("\n").filter((line) => line.startsWith("modinfo: "));
		t.deepEqual(await ourTool("modinfo", ...words), {
			status: real.status!,
			stdout: real.stdout,
			stderr: `${said.join("\n")}\nmodinfo: NOTICE: ${infoFile} cannot be read: ${code}\n`,
		});
	}
	// The real modinfo waits for ever.
	const { infoFile, words } = makeTree(t);
	execFileSync("mkfifo", [infoFile]);
	const why = "it is a FIFO, and no regular file";
	t.deepEqual(await ourTool("modinfo", ...words), {
		status: 1,
		stdout: BUILT,
		stderr: `modinfo: ERROR: could not get modinfo from 'built': ${why}\nmodinfo: NOTICE: ${infoFile} cannot be read: ${why}\n`,
	});
});

test("a FIFO keeps no tool waiting that takes a module's file, and is called one", async (t) => {
	const { folder } = makeTree(t);
	const fifo = join(folder, "x.ko");
	execFileSync("mkfifo", [fifo]);
	const why = "it is a FIFO, and no regular file";
	const rows = [
		[["insmod", fifo], `insmod: ERROR: could not insert module ${fifo}: ${why}\n`],
		[["modinfo", "-l", fifo], `modinfo: ERROR: could not get modinfo from 'x': ${why}\n`],
		[
			["modprobe", "-C", "/dev/null", "--show-exports", fifo],
			`modprobe: FATAL: could not get symbols of ${fifo}: ${why}\n`,
		],
	] as const;
	for (const [[tool, ...words], stderr] of rows)
		t.deepEqual(await ourTool(tool, ...words), { status: 1, stdout: "", stderr });
	// The operand is a name that no module has.
	const bare = join(folder, "card");
	mkdirSync(bare);
	execFileSync("mkfifo", [join(bare, "nowhere")]);
	const main = join(process.cwd(), "dist/main.js");
	const words = ["modprobe", "-C", "/dev/null", "-d", folder, "-S", RELEASE, "--show-exports"];
	const { status, stderr } = spawnSync(main, [...words, "nowhere"], { cwd: bare, encoding: "utf8" });
	t.deepEqual({ status, stderr }, { status: 1, stderr: `modprobe: FATAL: could not get symbols of nowhere: ${why}\n` });
});

test("symbols are a module's, whatever file of its name is in the working directory", (t) => {
	const { folder } = makeTree(t);
	writeFileSync(join(folder, "lib/modules", RELEASE, "kernel/card.ko"), moduleImage(["own"], []));
	const elsewhere = join(folder, "work");
	mkdirSync(elsewhere);
	writeFileSync(join(elsewhere, "card"), "no module");
	writeFileSync(join(elsewhere, "other"), moduleImage(["others"], []));
	const main = join(process.cwd(), "dist/main.js");
	const exportsOf = (operand: string) => {
		const words = ["modprobe", "-C", "/dev/null", "-d", folder, "-S", RELEASE, "--show-exports", operand];
		const { status, stdout, stderr } = spawnSync(main, words, { cwd: elsewhere, encoding: "utf8" });
		return { status, stdout, stderr };
	};
	t.deepEqual(exportsOf("card"), { status: 0, stdout: "0x00000000\town\n", stderr: "" });
	t.deepEqual(exportsOf("./card"), {
		status: 1,
		stdout: "",
		stderr: "modprobe: FATAL: could not get symbols of ./card: Exec format error\n",
	});
	// No module has this name, so that the operand is the file, as in kmod 30.
	t.deepEqual(exportsOf("other"), { status: 0, stdout: "0x00000000\tothers\n", stderr: "" });
});
