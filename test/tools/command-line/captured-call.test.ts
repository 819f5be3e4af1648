// --machine FILE: what commands say of a captured machine, and that nothing of this one counts.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import type { Capture } from "../../../src/agent/capture/capture.js";
import { formatCapture } from "../../../src/agent/capture/capture-format.js";
import { modules, readMachine, release } from "../../support/fakes/captured-machine.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";
import { captureTree } from "../../support/fakes/tree-capture.js";
import { leastCapture } from "../../support/scenes/capture-scenes.js";

const folder = mkdtempSync(join(tmpdir(), "captured-call-"));
test.after.always(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
	const path = join(folder, name);
	writeFileSync(path, content, "latin1");
	return path;
}

const tree = readMachine();
const whole = write("whole.json", formatCapture(captureTree(tree, { release })));
const digests = write("digests.json", formatCapture(captureTree(tree, { release, digestsAlone: true })));

/** What a command says of the machine in a file. */
const say = ([tool = "", ...words]: readonly string[], file: string) => ourTool(tool, ...words, "--machine", file);

const ofTree = ["-d", tree, "-S", release];
/** What a command says of the folder, as it is said on that machine. */
async function sayOfTree(tool: string, ...words: readonly string[]) {
	const { stdout, stderr, status } = await ourTool(tool, ...words);
	return { stdout: stdout.replaceAll(tree, ""), stderr: stderr.replaceAll(tree, ""), status };
}

for (const [tool, words] of [
	["coldplug", ["-n", "--cold", "--json"]],
	["coldplug", ["-n", "--cold", "--order"]],
	["coldplug", ["-n", "--cold", "--tree"]],
	["coldplug", ["-n", "--cold", "--json", "i6300esb", "0000:00:1f.2"]],
] as const)
	test(`${tool} ${words.join(" ")} says of a capture what it says of the machine's own files`, async (t) => {
		const expected = await sayOfTree(tool, ...words, ...ofTree, "-C", `${tree}/etc/modprobe.d`, "--policy", "rules");
		t.true(expected.stdout.length > 200, expected.stderr);
		t.deepEqual(
			await ourTool(tool, ...words, "--machine", whole, "--policy", "rules", "-C", `${tree}/etc/modprobe.d`).then(
				({ stdout, stderr, status }) => ({ stdout: stdout.replaceAll(tree, ""), stderr, status }),
			),
			expected,
		);
	});

test("a capture of digests alone plans the same with -d", async (t) => {
	const expected = await ourTool("coldplug", "-n", "--json", "--machine", whole);
	t.deepEqual(await ourTool("coldplug", "-n", "--json", "--machine", digests, "-d", tree), expected);
	t.is(expected.status, 0);
	t.regex(expected.stdout, new RegExp(`"/${modules}/kernel/`));
});

test("a capture of digests alone names the kernel's package, and -d, in one sentence", async (t) => {
	const sentence =
		`--machine ${digests}: it holds the digests of its indexes alone: unpack the package linux-image-${release} 6.1.115-1 ` +
		"into a directory, run depmod -b there, and name it by -d\n";
	for (const [words, program] of [
		[["coldplug", "-n"], "coldplug"],
		[["explain", "e1000"], "hotplugd explain"],
		[["check"], "hotplugd check"],
		[["modprobe", "-D", "e1000"], "modprobe: ERROR"],
	] as const)
		t.deepEqual(await say(words, digests), {
			status: 1,
			stdout: "",
			stderr: `${program}: ${sentence}`,
		});
	t.regex((await say(["modinfo", "e1000"], digests)).stderr, /depmod -b there, and name it by -b\n$/);
	t.is((await ourTool("lsmod", "--machine", digests)).status, 0, "lsmod needs no index");
	t.regex(
		(await ourTool("kmod", "static-nodes", "--machine", digests)).stderr,
		/digests of its indexes alone: this command needs them$/m,
	);
});

test("the root of -d that has no such kernel, or no indexes, is named with what to do", async (t) => {
	const root = join(folder, "root");
	mkdirSync(`${root}/lib/modules/6.9`, { recursive: true });
	const ask = async (...words: readonly string[]) =>
		(await ourTool("coldplug", "-n", "--machine", digests, "-d", root, ...words)).stderr;
	t.is(
		await ask(),
		`coldplug: --machine ${digests}: -d ${root}: there is no ${root}/lib/modules/${release}: it is there for 6.9, which -S takes\n`,
	);
	t.is(
		await ask("-S", "6.9"),
		`coldplug: --machine ${digests}: -d ${root}: ${root}/lib/modules/6.9 has no modules.dep.bin: run depmod -b ${root} 6.9\n`,
	);
});

test("modinfo of a capture says that its module files are in the kernel's package", async (t) => {
	const { status, stderr } = await ourTool("modinfo", "--machine", whole, "e1000");
	t.is(status, 1);
	t.is(
		stderr,
		`modinfo: ERROR: could not get modinfo from 'e1000': a capture holds no module files: unpack the package of ${release}, and name its root (modinfo -b, modprobe -d)\n`,
	);
});

test("other indexes than those of the capture are told", async (t) => {
	const capture = captureTree(tree, { release, digestsAlone: true });
	const files = { ...capture.modules!.files, "modules.alias.bin": { bytes: 5, sha256: "0".repeat(64) } };
	const other = write("other.json", formatCapture({ ...capture, modules: { ...capture.modules!, files } }));
	const { stderr, status } = await ourTool("coldplug", "-n", "--json", "--machine", other, "-d", tree);
	t.is(
		stderr,
		`coldplug: the capture has other digests of modules.alias.bin than the files of ${release} that -d names\n`,
	);
	t.is(status, 0);
	const ofKmod = await ourTool("modinfo", "-n", "--machine", other, "-b", tree, "e1000");
	t.is(
		ofKmod.stderr,
		`modinfo: WARNING: the capture has other digests of modules.alias.bin than the files of ${release} that -b names\n`,
	);
});

const refused: readonly (readonly [words: readonly string[], line: string])[] = [
	[["coldplug"], "coldplug: --machine names a machine that nothing can be loaded into: it needs --dry-run"],
	[["coldplug", "-n", "--sysfs", "/sys"], "coldplug: --machine and --sysfs exclude each other"],
	[
		["explain", "e1000", "--socket", "/run/x"],
		"hotplugd explain: --socket asks an agent of this host: --machine excludes it",
	],
	[
		["modprobe", "e1000"],
		"modprobe: --machine names a machine that nothing can be changed in: it needs -n, -D, -R, -c or another query",
	],
	[
		["modprobe", "-r", "e1000"],
		"modprobe: --machine names a machine that nothing can be changed in: it needs -n, -D, -R, -c or another query",
	],
	[
		["rmmod", "e1000"],
		"rmmod: --machine is taken by commands that only read a machine's state: rmmod changes it, or asks its running agent",
	],
	[
		["insmod", "a.ko"],
		"insmod: --machine is taken by commands that only read a machine's state: insmod changes it, or asks its running agent",
	],
	[
		["depmod"],
		"depmod: --machine is taken by commands that only read a machine's state: depmod changes it, or asks its running agent",
	],
	[
		["status"],
		"hotplugd status: --machine is taken by commands that only read a machine's state: hotplugd status changes it, or asks its running agent",
	],
	[
		["hotplugd", "capture"],
		"hotplugd capture: --machine is taken by commands that only read a machine's state: hotplugd capture makes the file of this machine, or of the one whose root -d names",
	],
	[
		["hotplugd", "compare"],
		"hotplugd compare: --machine is taken by commands that only read a machine's state: hotplugd compare takes captures as its operands",
	],
	[
		["run"],
		"hotplugd run: --machine is taken by commands that only read a machine's state: hotplugd run changes it, or asks its running agent",
	],
];

for (const [words, line] of refused)
	test(`${words.join(" ")} takes no captured machine, and says why in a line`, async (t) => {
		const { status, stdout, stderr } = await say(words, whole);
		t.is(stdout, "");
		t.is(stderr.split("\n")[0], line);
		t.true(status === 1 || status === 2);
	});

test("a file that is no capture is refused in a sentence that controls no terminal", async (t) => {
	const refuse = async (file: string) => (await ourTool("lsmod", "--machine", file)).stderr;
	t.is(await refuse(join(folder, "none")), `lsmod: ERROR: --machine ${join(folder, "none")}: there is no such file\n`);
	t.is(await refuse(folder), `lsmod: ERROR: --machine ${folder}: it cannot be read: EISDIR\n`);
	t.is((await ourTool("lsmod", "--machine=")).stderr, "lsmod: --machine names no file: it is empty\n");
	const cut = write("cut.json", formatCapture(captureTree(tree, { release })).slice(0, 5000));
	t.is(await refuse(cut), `lsmod: ERROR: --machine ${cut}: it is cut off: its JSON does not end (5000 bytes)\n`);
	const bomb = write("bomb.json.gz", Buffer.concat(Array(65).fill(gzipSync(Buffer.alloc(2 ** 24)))));
	const refused = (why: string) => `lsmod: ERROR: --machine ${bomb}: it cannot be decompressed: ${why}\n`;
	t.is(await refuse(bomb), refused("it is larger than any that is read"));
	write("bomb.json.gz", gzipSync(Buffer.alloc(2 ** 16)).subarray(0, 50));
	t.is(await refuse(bomb), refused("its end is missing"));
	const hostile = write(
		"hostile.json",
		formatCapture({ ...leastCapture, devices: [{ devpath: "/devices/\x1b[2J/../a" }] }),
	);
	const { stderr } = await ourTool("coldplug", "-n", "--machine", hostile);
	t.regex(stderr, /^coldplug: --machine \S+: devices\[0\]\.devpath is no path: /);
	t.false(stderr.includes("\x1b"));
});

const live: Capture = {
	...leastCapture,
	release: "6.1",
	files: {
		"/proc/modules": "usbcore 4096 2 uas,xhci_pci, Live 0x0\nuas 8192 0 - Live 0x0\n\x1b[31m 1 0 - Live 0x0\n",
		"/etc/modprobe.d/a.conf": "blacklist uas\n",
	},
};

test("lsmod and kmod list say what that machine's lsmod says, and control no terminal with --json", async (t) => {
	const file = write("live.json", formatCapture(live));
	const { stdout, status } = await ourTool("lsmod", "--machine", file);
	t.is(status, 0);
	t.regex(stdout, /^usbcore +4096 {2}2 (?:uas,xhci_pci|xhci_pci,uas)\nuas +8192 {2}0$/m);
	const records = (await ourTool("kmod", "list", "--json", "--machine", file)).stdout;
	t.is(JSON.parse(records.split("\n")[0]!).references, 2);
	t.false(records.includes("\x1b"));
});

test("what an option names is this host's, and nothing else is", async (t) => {
	const configuration = write("own.conf", "blacklist e1000\n");
	const { stdout } = await ourTool(
		"coldplug",
		"-n",
		"--cold",
		"--machine",
		whole,
		"-C",
		configuration,
		"--state",
		"kept-out",
	);
	t.true(stdout.includes(`blacklisted by ${configuration}:1`), stdout);
	t.false(stdout.includes("example.conf"));
	const settings = write("hotplugd.toml", "parallel = 'many'\n");
	const checked = await ourTool("check", "--machine", whole, "--config", settings);
	t.true(checked.stdout.startsWith(`${settings} line 1: `), checked.stdout);
});

test("what a bug report does not tell is said once", async (t) => {
	const report = write(
		"export.txt",
		"P: /devices/pci0000:00/0000:00:02.0\nE: DEVPATH=/devices/pci0000:00/0000:00:02.0\nE: SUBSYSTEM=pci\nE: MODALIAS=pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00\n\n",
	);
	const { stdout, stderr, status } = await ourTool(
		"coldplug",
		"-n",
		"--order",
		"--machine",
		report,
		"-d",
		tree,
		"-S",
		release,
	);
	t.is(
		stderr,
		"coldplug: the capture does not tell which modules are live, the kernel command line and modprobe.d: none counts\n",
	);
	t.regex(stdout, /e1000/);
	t.is(status, 0);
});
