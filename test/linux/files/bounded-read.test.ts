import { execFileSync, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { type Bound, bounds, formatBytes } from "../../../src/libkmod/kernel/bounds.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { readBounded } from "../../../src/linux/files/bounded-read.js";
import { files } from "../../../src/linux/files/files.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";

const folder = mkdtempSync(join(tmpdir(), "bounded-"));
test.after.always(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const hundred: Bound = { bytes: 100, kind: "a test" };
const named: Bound = { ...hundred, named: true };

const refusal = (path: string, bound: Bound, patienceMilliseconds?: number): Refusal => {
	try {
		readBounded(path, bound, patienceMilliseconds);
	} catch (thrown) {
		if (thrown instanceof Refusal) return thrown;
		throw thrown;
	}
	throw new Error(`${path} was read`);
};

test("a file of its bound's size is read, and of one byte more nothing", (t) => {
	for (const length of [0, 1, 99, 100]) {
		writeFileSync(at("sized"), "x".repeat(length));
		t.is(readBounded(at("sized"), hundred).toString(), "x".repeat(length));
	}
	writeFileSync(at("sized"), "x".repeat(101));
	t.like(refusal(at("sized"), { bytes: 100, kind: "an index" }), {
		operation: "read",
		subject: at("sized"),
		code: "EFBIG",
		message: `read ${at("sized")}: it is larger than 1 KiB, the limit for an index`,
	});
});

for (const [name, bound] of Object.entries(bounds))
	test(`${name}: a file of ${formatBytes(bound.bytes)} is below the bound, and one byte more is above it`, (t) => {
		const path = at(`${name}.sparse`);
		writeFileSync(path, "");
		// Larger sizes would take too much memory here; test/linux/modules/real-sizes.test.ts reads a file of a module's size.
		if (bound.bytes <= 2 ** 26)
			for (const size of [bound.bytes - 1, bound.bytes]) {
				truncateSync(path, size);
				t.is(files.read(path, bound)?.length, size);
			}
		for (const size of [bound.bytes + 1, 2 ** 40]) {
			truncateSync(path, size);
			const why = `it is larger than ${formatBytes(bound.bytes)}, the limit for ${bound.kind}`;
			t.like(
				t.throws(() => files.read(path, bound)),
				{ name: "Refusal", code: "EFBIG", subject: path, why },
			);
		}
	});

test("a file that does not tell its size, as in /proc, is read as far as the bound", (t) => {
	t.regex(readBounded("/proc/self/status", { bytes: 10_000, kind: "a test" }).toString(), /^Name:/);
	t.is(refusal("/proc/self/status", hundred).code, "EFBIG");
});

test("what is no regular file is refused by what it is, and /dev/null is empty", async (t) => {
	execFileSync("mkfifo", [at("fifo")]);
	symlinkSync("/dev/zero", at("zeros.conf"));
	const server = createServer().listen(at("socket"));
	await new Promise((resolve) => server.once("listening", resolve));
	for (const [path, why] of [
		[at("fifo"), "it is a FIFO, and no regular file"],
		[at("zeros.conf"), "it is a device, and no regular file"],
		[at("socket"), "it is a socket, or a device that does not exist"],
		[folder, "EISDIR"],
	] as const)
		t.is(refusal(path, hundred).why, why);
	server.close();
	t.is(readBounded("/dev/null", hundred).length, 0);
	t.is(files.read("/dev/null")?.length, 0);
});

test("a device that the caller names is read as far as the bound", (t) => {
	t.is(refusal("/dev/zero", named).code, "EFBIG");
	t.is(refusal(at("zeros.conf"), named).code, "EFBIG");
});

test("a pipe that the caller names is waited for, and not for ever", async (t) => {
	execFileSync("mkfifo", [at("late")]);
	// The writer opens the FIFO later, and writes in two pieces.
	const writer = spawn("sh", ["-c", 'exec 3>"$0"; printf "blacklist " >&3; sleep 0.1; echo snd >&3', at("late")]);
	t.is(readBounded(at("late"), named).toString(), "blacklist snd\n");
	await new Promise((resolve) => writer.once("exit", resolve));
	// A writer that opens and closes the FIFO without writing makes an empty file.
	const silent = spawn("sh", ["-c", 'exec 3>"$0"; sleep 0.1', at("late")]);
	t.is(readBounded(at("late"), named).toString(), "");
	await new Promise((resolve) => silent.once("exit", resolve));
	const why = "no end of file after 0.02 s";
	t.is(refusal(at("late"), named, 20).why, why);
	const held = openSync(at("late"), "r+");
	t.is(refusal(at("late"), named, 20).why, why);
	closeSync(held);
});

test("a pipe of which a little comes again and again is given up too, all of it in one time", async (t) => {
	execFileSync("mkfifo", [at("dripping")]);
	const writer = spawn("sh", ["-c", 'exec 3>"$0"; while echo "# more" >&3; do sleep 0.01; done', at("dripping")]);
	const { code, why } = refusal(at("dripping"), { ...named, bytes: 2 ** 20 }, 500);
	t.deepEqual([code, why], ["ETIMEDOUT", "no end of file after 0.5 s"]);
	writer.kill();
	await new Promise((resolve) => writer.once("exit", resolve));
});

test("modprobe reads the configuration that a pipe has, as kmod does", (t) => {
	const main = "dist/main.js";
	const script = `printf 'options snd id=piped\\n' | node ${main} modprobe -C /dev/stdin -c | head -1
		exec node ${main} modprobe -c -C <(printf 'options snd id=substituted\\n')`;
	const { stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
	t.deepEqual(
		stdout.split("\n").filter((line) => line.startsWith("options snd ")),
		["options snd id=piped", "options snd id=substituted"],
	);
});

test("every tool names the file that is a link to /dev/zero, and what else there is counts", async (t) => {
	const module = at("r/lib/modules/6.1.0");
	execFileSync("mkdir", ["-p", module, at("conf"), at("depmod")]);
	symlinkSync("/dev/zero", at("conf/zeros.conf"));
	symlinkSync("/dev/zero", at("depmod/zeros.conf"));
	writeFileSync(at("conf/site.conf"), "blacklist snd\n");
	for (const name of ["modules.order", "modules.builtin", "modules.builtin.modinfo"])
		symlinkSync("/dev/zero", join(module, name));
	const device = "it is a device, and no regular file";
	const depmod = await ourTool("depmod", "-b", at("r"), "-C", at("depmod"), "6.1.0");
	t.deepEqual(
		depmod.stderr.split("\n").filter((line) => line.includes(device)),
		[
			`depmod: ERROR: ${at("depmod/zeros.conf")}: cannot be read (${device}), so nothing in it counts`,
			...["modules.order", "modules.builtin", "modules.builtin.modinfo"].map(
				(name) => `depmod: WARNING: could not open ${name} at ${module}: ${device}`,
			),
		],
	);
	rmSync(join(module, "modules.alias.bin"));
	symlinkSync("/dev/zero", join(module, "modules.alias.bin"));
	const modprobe = await ourTool("modprobe", "-d", at("r"), "-S", "6.1.0", "-C", at("conf"), "-c");
	t.true(modprobe.stdout.startsWith("blacklist snd\n"));
	t.true(modprobe.stderr.includes(`${at("conf/zeros.conf")}: cannot be read (${device}), so nothing in it counts`));
	// Below another root an absolute link is followed within that root.
	rmSync(join(module, "modules.alias.bin"));
	writeFileSync(join(module, "modules.alias.bin"), "");
	truncateSync(join(module, "modules.alias.bin"), bounds.index.bytes + 1);
	const checked = await ourTool("hotplugd", "check", "-d", at("r"), "-S", "6.1.0", "-C", at("conf"));
	t.true(
		`${checked.stdout}${checked.stderr}`.includes(
			"modules.alias.bin: cannot be read (it is larger than 256 MiB, the limit for an index)",
		),
	);
	t.not(checked.status, 0);
});
