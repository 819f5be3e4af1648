import { execFileSync } from "node:child_process";
import { constants as fileConstants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, release, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { crc32 } from "../../../src/libkmod/formats/crc32.js";
import { forceModule } from "../../../src/libkmod/formats/forced-module.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { openKernel, whatKernelUnpacks } from "../../../src/linux/modules/kernel.js";
import { fnv1a, type RecordedCall, readRecord, standinEnvironment } from "../../support/fakes/standin.js";
import { type CallOutcome, callKernel, type KernelCall } from "../../support/programs/kernel-session.js";
import { elfImage } from "../../support/worlds/elf-image.js";

const folder = mkdtempSync(join(tmpdir(), "kernel-"));
test.after.always(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const image = Buffer.from(`\x7fELF${"no module at all ".repeat(9000)}`, "latin1");
const plain = at("plain.ko");
const gzipped = at("gzipped.ko");
writeFileSync(plain, image);
writeFileSync(gzipped, gzipSync(image));

const { ENODEV, ENOSYS, EINTR, EAGAIN, EBUSY } = constants.errno;
const unpackingNothing = sysfsWhere("nothing", "xz\n");
const unpackingGzip = sysfsWhere("gzip", "gzip\n");

function sysfsWhere(name: string, compression: string): string {
	mkdirSync(at(`sys-${name}/module`), { recursive: true });
	writeFileSync(at(`sys-${name}/module/compression`), compression);
	return at(`sys-${name}`);
}

let records = 0;

async function standIn(
	calls: readonly KernelCall[],
	answers: Readonly<Record<string, string>> = {},
	sysfs = unpackingNothing,
): Promise<{ outcomes: CallOutcome[]; recorded: RecordedCall[] }> {
	const record = at(`record-${records++}`);
	const outcomes = await callKernel(calls, { ...standinEnvironment(record), ...answers }, sysfs);
	return { outcomes, recorded: readRecord(record) };
}

test("its release is uname's, and its files are the machine's", (t) => {
	const kernel = openKernel();
	t.is(kernel.release, release());
	t.is(kernel.read("/proc/sys/kernel/osrelease")?.toString(), `${release()}\n`);
	t.is(kernel.list("/nowhere"), undefined);
});

test("a module goes to finit_module with its parameters, its file closed on exec", async (t) => {
	const { outcomes, recorded } = await standIn([{ insert: [plain, 'debug=1 name="a b" gr\xc3\xbcn=caf\xe9'] }]);
	t.deepEqual(outcomes, ["done"]);
	const parameters = 'debug=1 name="a b" gr\xc3\xbcn=caf\xe9';
	t.deepEqual(recorded, [{ call: "finit_module", file: plain, closedOnExec: 1, parameters, flags: 0 }]);
});

test("forced insertions carry finit_module's flags", async (t) => {
	const { recorded } = await standIn([
		{ insert: [plain, "modversion", { forceModversion: true }] },
		{ insert: [plain, "vermagic", { forceVermagic: true }] },
		{ insert: [plain, "both", { forceModversion: true, forceVermagic: true }] },
	]);
	const flags = Object.fromEntries(recorded.map((call) => [call.parameters, call.flags]));
	t.deepEqual(flags, { modversion: 1, vermagic: 2, both: 3 });
});

test("a compressed module goes to the kernel as it is where the kernel names that compression", async (t) => {
	const { outcomes, recorded } = await standIn(
		[{ insert: [gzipped, "a=1"] }, { insert: [gzipped, "a=2", { forceVermagic: true }] }, { insert: [plain, "a=3"] }],
		{},
		unpackingGzip,
	);
	t.deepEqual(outcomes, ["done", "done", "done"]);
	t.deepEqual(recorded.map(({ call, file, parameters, flags }) => [call, file, parameters, flags]).sort(), [
		["finit_module", gzipped, "a=1", 4],
		["finit_module", gzipped, "a=2", 6],
		["finit_module", plain, "a=3", 0],
	]);
});

test("a compressed module is unpacked for init_module where the kernel names another compression, or none", async (t) => {
	mkdirSync(at("sys-old"));
	for (const sysfs of [unpackingNothing, at("sys-old")]) {
		const { outcomes, recorded } = await standIn([{ insert: [gzipped, "a=1"] }], {}, sysfs);
		t.deepEqual(outcomes, ["done"]);
		t.deepEqual(recorded, [{ call: "init_module", size: image.length, hash: fnv1a(image), parameters: "a=1" }]);
	}
});

test("a compressed module is unpacked here too where the kernel's word on compression cannot be read", async (t) => {
	mkdirSync(at("sys-odd/module/compression"), { recursive: true });
	const { outcomes, recorded } = await standIn([{ insert: [gzipped, "a=1"] }], {}, at("sys-odd"));
	t.deepEqual(outcomes, ["done"]);
	t.deepEqual(recorded, [{ call: "init_module", size: image.length, hash: fnv1a(image), parameters: "a=1" }]);
});

test("what the kernel unpacks is asked until it was told, and then no more", (t) => {
	const answers = ["EIO", "EMFILE", "gzip\n", "xz\n"];
	const unpacks = whatKernelUnpacks("/sys", {
		read(path) {
			const answer = answers.shift() ?? "";
			if (answer.startsWith("E")) throw new Refusal({ operation: "read", subject: path, code: answer, errno: 1 });
			return Buffer.from(answer);
		},
	});
	t.deepEqual(
		[unpacks("gzip"), unpacks("gzip"), unpacks("gzip"), unpacks("gzip"), unpacks("xz")],
		[false, false, true, true, false],
	);
	t.is(answers.length, 1);
});

test("a kernel without finit_module is given the image itself", async (t) => {
	const answers = { STANDIN_FINIT_MODULE: String(ENOSYS) };
	for (const [path, sysfs] of [
		[plain, unpackingNothing],
		[gzipped, unpackingGzip],
	] as const) {
		const { outcomes, recorded } = await standIn([{ insert: [path, "a=1"] }], answers, sysfs);
		t.deepEqual(outcomes, ["done"]);
		t.deepEqual(recorded[1], { call: "init_module", size: image.length, hash: fnv1a(image), parameters: "a=1" });
	}
});

const by = (program: "xz" | "zstd", ...words: string[]): Buffer =>
	execFileSync(program, ["-c", ...words], { input: image, stdio: ["pipe", "pipe", "ignore"] });
const xz = (...words: string[]): Buffer => by("xz", "--check=crc32", ...words);

/** The image in gzip with a flag of RFC 1952 set, and the bytes that the flag announces behind the fixed part of the header. */
function gzipWith(flag: number, ...extra: number[]): Buffer {
	const whole = gzipSync(image);
	return Buffer.concat([
		whole.subarray(0, 3),
		Buffer.from([flag]),
		whole.subarray(4, 10),
		Buffer.from(extra),
		whole.subarray(10),
	]);
}

const checksum = crc32(gzipWith(0x02).subarray(0, 10)) & 0xffff;
const withHeaderChecksum = gzipWith(0x02, checksum & 0xff, checksum >> 8);

const half = image.length / 2;
const halves = (pack: (part: Buffer) => Buffer): Buffer =>
	Buffer.concat([pack(image.subarray(0, half)), pack(image.subarray(half))]);
const packedBy = (program: string, part: Buffer): Buffer =>
	execFileSync(program, program === "xz" ? ["-c", "--check=crc32"] : ["-c", "-q"], { input: part });

/** Files that the kernel's own decoders read, and files that they refuse. */
const readByKernel = {
	xz: { "with CRC32": xz(), "without check": by("xz", "--check=none"), "of several blocks": xz("--block-size=9000") },
	zstd: { "as zstd makes it": by("zstd"), "with a window of 128 MiB": by("zstd", "--long=27", "--no-content-size") },
	gzip: { "as gzip makes it": gzipSync(image), "with a name": gzipWith(0x08, 97, 98, 0) },
};
const unreadByKernel = {
	xz: {
		...{ "with CRC64": by("xz", "--check=crc64"), "with SHA-256": by("xz", "--check=sha256") },
		...{
			"with a filter": by("xz", "--check=crc32", "--x86", "--lzma2"),
			"of two streams": halves((part) => packedBy("xz", part)),
		},
		"with a dictionary of a gigabyte": xz("--lzma2=dict=1GiB"),
	},
	zstd: {
		"with a window of a gigabyte": by("zstd", "--long=30"),
		"of two frames": halves((part) => packedBy("zstd", part)),
	},
	gzip: {
		"with a comment": gzipWith(0x10, 97, 0),
		"with an extra field": gzipWith(0x04, 1, 0, 97),
		"with a checksum of its header": withHeaderChecksum,
		"of two members": halves((part) => gzipSync(part)),
	},
};

for (const compression of ["xz", "zstd", "gzip"] as const) {
	const sysfs = sysfsWhere(`of-${compression}`, `${compression}\n`);
	const insertAll = (files: Readonly<Record<string, Buffer>>) => {
		for (const [what, content] of Object.entries(files)) writeFileSync(at(`${compression} ${what}`), content);
		return standIn(
			Object.keys(files).map((what) => ({ insert: [at(`${compression} ${what}`), what] as const })),
			{},
			sysfs,
		);
	};

	test(`a kernel that unpacks ${compression} is given the file where its decoder reads it`, async (t) => {
		const files = readByKernel[compression];
		const { outcomes, recorded } = await insertAll(files);
		t.deepEqual(
			outcomes,
			Object.keys(files).map(() => "done"),
		);
		t.deepEqual(
			recorded.map(({ call, parameters, flags }) => [call, parameters, flags]).sort(),
			Object.keys(files)
				.map((what) => ["finit_module", what, 4])
				.sort(),
		);
	});

	test(`what the kernel's decoder of ${compression} does not read is unpacked here, before the kernel is asked`, async (t) => {
		const files = unreadByKernel[compression];
		const { outcomes, recorded } = await insertAll(files);
		t.deepEqual(
			outcomes,
			Object.keys(files).map(() => "done"),
		);
		t.deepEqual(
			recorded.map(({ call, parameters, hash }) => [call, parameters, hash]).sort(),
			Object.keys(files)
				.map((what) => ["init_module", what, fnv1a(image)])
				.sort(),
		);
	});
}

test("a module's init runs once, whatever it answers but that it was interrupted", async (t) => {
	const { EINVAL, EOPNOTSUPP, ENOEXEC, ENOMEM } = constants.errno;
	// tcrypt's init returns EAGAIN when its tests have run, so that the module does not stay loaded.
	for (const errno of [EINVAL, EOPNOTSUPP, ENOSYS, ENOEXEC, ENOMEM, EBUSY, EAGAIN])
		for (const [path, sysfs] of [
			[plain, unpackingGzip],
			[gzipped, unpackingGzip],
			[gzipped, unpackingNothing],
		] as const) {
			const { outcomes, recorded } = await standIn([{ insert: [path, `standin.errno=${errno}`] }], {}, sysfs);
			t.is(outcomes[0]?.[3], errno);
			t.is(recorded.length, 1, `${errno} of ${path}`);
		}
});

test("a kernel without modules says so of a file that is none, whichever call it is asked by", async (t) => {
	const answers = { STANDIN_FINIT_MODULE: String(ENOSYS), STANDIN_INIT_MODULE: String(ENOSYS) };
	const { outcomes } = await standIn([{ insert: ["/dev/null", ""] }], answers);
	t.deepEqual(outcomes, [["insert", "/dev/null", "ENOSYS", ENOSYS]]);
});

test("what init_module takes is changed to be forced, and refused where it is no module", async (t) => {
	const sketch = { modinfo: ["license=GPL", "vermagic=5.10 SMP"], versions: { printk: 7 } };
	const module = elfImage(sketch);
	writeFileSync(at("forced.ko"), gzipSync(module));
	const flags = { forceVermagic: true, forceModversion: true };
	const { outcomes, recorded } = await standIn([{ insert: [at("forced.ko"), "", flags] }]);
	t.deepEqual(outcomes, ["done"]);
	const hash = fnv1a(forceModule(module, flags));
	t.not(hash, fnv1a(module));
	t.deepEqual(recorded, [{ call: "init_module", size: module.length, hash, parameters: "" }]);

	const other = await standIn([{ insert: [gzipped, "", { forceVermagic: true }] }]);
	t.deepEqual(other.outcomes, [["insert", gzipped, "ENOEXEC", constants.errno.ENOEXEC]]);
	t.deepEqual(other.recorded, []);
});

test("a module file is read unpacked, whatever it is called", async (t) => {
	const kernel = openKernel();
	t.deepEqual(await kernel.readModule(plain), image);
	t.deepEqual(await kernel.readModule(gzipped), image);
	const error = await t.throwsAsync(kernel.readModule(at("none.ko")), { instanceOf: Refusal });
	t.is(error.code, "ENOENT");
});

test("a refusal has the errno's name, also of those that node does not know", async (t) => {
	const { outcomes } = await standIn(
		[19, 129, 126, 8, 9999].map((errno) => ({ insert: [plain, `standin.errno=${errno}`] })),
	);
	t.deepEqual(outcomes, [
		["insert", plain, "ENODEV", ENODEV],
		["insert", plain, "EKEYREJECTED", 129],
		["insert", plain, "ENOKEY", 126],
		["insert", plain, "ENOEXEC", 8],
		["insert", plain, "E9999", 9999],
	]);
});

test("an interrupted insertion is tried again, a few times", async (t) => {
	const passing = await standIn([{ insert: [plain, ""] }], { STANDIN_FINIT_MODULE: `${EINTR}*3` });
	t.deepEqual([passing.outcomes, passing.recorded.length], [["done"], 4]);
	const lasting = await standIn([{ insert: [gzipped, ""] }], { STANDIN_INIT_MODULE: `${EINTR}` });
	t.is(lasting.outcomes[0]?.[3], EINTR);
	t.is(lasting.recorded.length, 6);
});

test("a module file that is missing, damaged or no file at all is refused, and the kernel not asked", async (t) => {
	writeFileSync(at("damaged.ko"), gzipSync(image).subarray(0, 300));
	execFileSync("mkfifo", [at("fifo.ko")]);
	const { outcomes, recorded } = await standIn([
		{ insert: [at("none.ko"), ""] },
		{ insert: [at("damaged.ko"), ""] },
		{ insert: [folder, ""] },
	]);
	t.deepEqual(outcomes, [
		["open", at("none.ko"), "ENOENT", 2],
		["decompress", at("damaged.ko"), "EINVAL", 22],
		["insert", folder, "EISDIR", 21],
	]);
	t.deepEqual(recorded, []);
	const fifo = await standIn([{ insert: [at("fifo.ko"), ""] }]);
	t.deepEqual(fifo.outcomes, [["insert", at("fifo.ko"), "EINVAL", 22]]);
});

test("a removal never waits, is forced when asked, and leaves a module in use to the caller", async (t) => {
	const { outcomes, recorded } = await standIn([
		{ remove: ["e1000e"] },
		{ remove: ["snd_hda_intel", { force: true }] },
	]);
	t.deepEqual(outcomes, ["done", "done"]);
	const flags = Object.fromEntries(recorded.map((call) => [call.name, call.flags]));
	t.deepEqual(flags, {
		e1000e: fileConstants.O_NONBLOCK,
		snd_hda_intel: fileConstants.O_NONBLOCK | fileConstants.O_TRUNC,
	});

	const busy = await standIn([{ remove: ["ext4"] }], { STANDIN_DELETE_MODULE: String(EAGAIN) });
	t.deepEqual(busy.outcomes, [["remove", "ext4", "EAGAIN", EAGAIN]]);
	t.is(busy.recorded.length, 1);
	const interrupted = await standIn([{ remove: ["ext4"] }], { STANDIN_DELETE_MODULE: `${EINTR}*2` });
	t.deepEqual([interrupted.outcomes, interrupted.recorded.length], [["done"], 3]);
});

test("a command is a line of the shell, with more in its environment, and ends with a status", async (t) => {
	const kernel = openKernel();
	const target = at("said");
	t.is(await kernel.run(`printf '%s' "$MODPROBE_MODULE:$HOME" > ${target} && exit 7`, { MODPROBE_MODULE: "x" }), 7);
	t.is(kernel.read(target)?.toString(), `x:${process.env.HOME ?? ""}`);
	t.is(await kernel.run(`[ -z "$HOME" ] && [ "$GIVEN" = 1 ]`, { GIVEN: "1" }, { inherits: false }), 0);
	t.is(await kernel.run("true", {}), 0);
	t.is(await kernel.run("kill -TERM $$", {}), 128 + 15);
	t.is(await kernel.run("no-such-command-anywhere 2>/dev/null", {}), 127);
	t.like(await t.throwsAsync(kernel.run("true", { BAD: "a\0b" })), {
		name: "Refusal",
		operation: "run",
		code: "EINVAL",
	});
});
