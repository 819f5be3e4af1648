// hotplugd compare --initramfs on captures in files and images in files: what it prints, and its exit status.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { Capture } from "../../../src/agent/capture/capture.js";
import { captureFiles } from "../../../src/linux/captures/capture-files.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";
import { compileSchema } from "../../support/project/json-schema.js";
import { formatCpio } from "../../support/vm/images/cpio.js";
import { type BootSketch, captureOf } from "../../support/worlds/boot-captures.js";
import { bootRelease, without, writeBootWorld } from "../../support/worlds/boot-world.js";

const world = writeBootWorld();
const folder = mkdtempSync(join(tmpdir(), "initramfs-form-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const sketch: BootSketch = { disks: ["nvme"], luks: true, fileSystem: "ext4", keyboards: ["ps2"] };

function write(name: string, content: string | Buffer): string {
	const path = join(folder, name);
	writeFileSync(path, content);
	return path;
}

/** The capture has the world's indexes, or their digests. */
function writeCapture(name: string, withContents: boolean): string {
	const names = [...world.files.keys()].filter((path) => path.endsWith(".bin"));
	const files = Object.fromEntries(
		names.map((path) => {
			const content = world.files.get(path)!;
			const digest = { bytes: content.length, sha256: captureFiles.sha256(content) };
			const gzip = captureFiles.gzip(content).toString("base64");
			return [path.replace(/.*\//, ""), withContents ? { ...digest, gzip } : digest];
		}),
	);
	const capture: Capture = { ...captureOf(sketch), modules: { directory: `/lib/modules/${bootRelease}`, files } };
	return write(name, captureFiles.gzip(Buffer.from(JSON.stringify(capture))));
}

const whole = writeCapture("whole.json.gz", true);
const digests = writeCapture("digests.json.gz", false);
const zstd = (content: Buffer): Buffer => execFileSync("zstd", ["-c"], { input: content });
const good = write("good.img", zstd(formatCpio(world.files)));
const bad = write("bad.img", zstd(formatCpio(without(world.files, "nvme_core"))));

const run = (...words: readonly string[]) => ourTool("hotplugd", "compare", ...words);

test("an image that has every driver is told so, need by need, and the exit status is 0", async (t) => {
	const { status, stdout, stderr } = await run(whole, "--initramfs", good);
	t.deepEqual([status, stderr], [0, ""]);
	const at = "/devices/pci0000:00/0000:00:01.0";
	t.deepEqual(stdout.replaceAll(good, "IMAGE").split("\n"), [
		"IMAGE has every driver on the way to /",
		`in the image  nvme      driver of ${at}/0000:01:01.0: /dev/nvme1n1p1 <- dm-0 <- /`,
		"in the image  dm_mod    mapping of /devices/virtual/block/dm-0: dm-0 <- /",
		"in the image  dm_crypt  mapping of /devices/virtual/block/dm-0: dm-0 <- /",
		"in the image  xts(aes)  algorithm of /devices/virtual/block/dm-0: dm-0 <- / by aesni_intel",
		"in the image  i8042     keyboard of /devices/platform/i8042: dm-0 <- /",
		"in the image  atkbd     keyboard of /devices/platform/i8042/serio0: dm-0 <- /",
		"in the image  ext4      file system of /",
		"in the image  crc32c    algorithm of / by crc32c_intel",
		`built in      pcieport  driver of ${at}: /dev/nvme1n1p1 <- dm-0 <- /`,
		"",
	]);
});

test("an image that lacks one is told in the first line, and the exit status is 3", async (t) => {
	for (const words of [[whole], [digests, "-d", world.root]]) {
		const { status, stdout, stderr } = await run(...words, "--initramfs", bad);
		t.deepEqual([status, stderr], [3, ""]);
		t.is(
			stdout.split("\n")[0],
			`the boot with ${bad} will not find its root disk: nvme_core, which nvme needs, is not in it (/devices/pci0000:00/0000:00:01.0/0000:01:01.0: /dev/nvme1n1p1 <- dm-0 <- /)`,
		);
	}
});

test("a capture that has digests alone is judged by the image's own indexes, which is said", async (t) => {
	const { status, stdout } = await run(digests, "--initramfs", good);
	t.is(status, 0);
	t.regex(stdout, /\nremark: the indexes of the machine's kernel are not there: /);
});

test("with --json each need is a line, and the answer is the last", async (t) => {
	const faultsOf = compileSchema(JSON.parse(readFileSync("schemas/compare.json", "utf8")));
	for (const [image, status, answer] of [
		[good, 0, "boots"],
		[bad, 3, "fails"],
	] as const) {
		const said = await run(whole, "--initramfs", image, "--json");
		t.is(said.status, status);
		const records = said.stdout
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line));
		for (const record of records) t.deepEqual(faultsOf(record), [], JSON.stringify(record));
		t.like(records.at(-1), { kind: "boot", answer, image, release: bootRelease });
		const lacking = records.filter(({ verdict }) => verdict?.is === "missing");
		t.deepEqual(
			lacking.map(({ name, verdict, cause }) => [name, verdict.cause, verdict.of, cause]),
			status === 0 ? [] : [["nvme", "no file", "nvme_core", "nvme_core, which nvme needs, is not in it"]],
		);
	}
});

test("this machine is captured in memory where none is named", async (t) => {
	const { status, stdout } = await run("--initramfs", good, "--json");
	t.true([0, 1, 3].includes(status));
	const last = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
	const mounted = /^\S+ \S+ \S+ \S+ \/ /m.test(readFileSync("/proc/self/mountinfo", "latin1"));
	t.is(last.mounts.length > 0, mounted);
});

test("a file that cannot be read, or is no image, is refused in a sentence, and the exit status is 1", async (t) => {
	const text = write("text", "hello\n");
	const refusals: readonly (readonly [readonly string[], string])[] = [
		[
			[whole, "--initramfs", text],
			`${text} is no initramfs image: it begins with neither a cpio archive nor a compression`,
		],
		[[whole, "--initramfs", join(folder, "none")], `could not read ${join(folder, "none")}: ENOENT`],
		[[whole, "--initramfs", folder], `could not read ${folder}: EISDIR`],
		[
			[digests, "-d", folder, "--initramfs", good],
			`-d ${folder}: there are no indexes of depmod in ${folder}/lib/modules/6.0.0`,
		],
	];
	for (const [words, why] of refusals) {
		const { status, stdout, stderr } = await run(...words);
		t.deepEqual([status, stdout], [1, ""]);
		t.is(stderr, `hotplugd compare: ${why}\n`);
	}
	const { status, stderr } = await run(text, "--initramfs", good);
	t.is(status, 1);
	t.true(stderr.startsWith(`hotplugd compare: ${text}: it is none of these: `), stderr);
});

test("a call that names more than one thing is misuse, and the exit status is 2", async (t) => {
	for (const words of [
		["a", "b", "--initramfs", good],
		["--initramfs", ""],
		["", "--initramfs", good],
		["-", "--initramfs", "-"],
		[whole, "--initramfs", good, "--kernel", "6.0.0"],
		[whole, "--initramfs", good, "-d", ""],
		[whole, "--initramfs", good, "-S", ""],
	])
		t.is((await run(...words)).status, 2, words.join(" "));
});

test("names in an image that control a terminal are escaped", async (t) => {
	const steering = write(
		"steering.img",
		formatCpio(new Map([["etc/modprobe.d/\x1b[2J.conf", Buffer.from("nonsense\n")], ...world.files])),
	);
	const { stdout } = await run(whole, "--initramfs", steering);
	t.false(stdout.includes("\x1b"));
	t.true(stdout.includes("\\x1b[2J.conf"), stdout);
});
