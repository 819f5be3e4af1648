// Images are made by the real tools: busybox's cpio, gzip, xz, zstd and others.

import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { DamagedImage } from "../../../src/agent/initramfs/damaged-image.js";
import { type Image, readImage } from "../../../src/agent/initramfs/image.js";
import { filesOfImage } from "../../../src/agent/initramfs/image-files.js";
import { captureFiles } from "../../../src/linux/captures/capture-files.js";

const folder = mkdtempSync(join(tmpdir(), "images-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** An archive of a folder. `order` is the order of its entries, as find(1) would print them. */
function pack(root: string, order: string): Buffer {
	return execFileSync("busybox", ["cpio", "-o", "-H", "newc"], {
		cwd: root,
		input: order,
		stdio: ["pipe", "pipe", "ignore"],
	});
}

const allOf = (root: string): string => execFileSync("find", ["."], { cwd: root, encoding: "utf8" });

const compress = (program: string, content: Buffer, ...words: string[]): Buffer =>
	execFileSync(program, [...words, "-c"], { input: content });

function makeRoot(name: string, files: Readonly<Record<string, string>>): string {
	const root = join(folder, name);
	for (const [path, content] of Object.entries(files)) {
		mkdirSync(join(root, path, ".."), { recursive: true });
		writeFileSync(join(root, path), content);
	}
	return root;
}

const main = makeRoot("main", {
	"usr/lib/modules/6.1.0/modules.dep": "kernel/nvme.ko:\n",
	"usr/lib/modules/6.1.0/kernel/nvme.ko": "x".repeat(5000),
	"usr/lib/modprobe.d/a.conf": "blacklist a\n",
	"usr/bin/sh": "#!\n",
	"conf/modules": "loop\n",
});
symlinkSync("usr/lib", join(main, "lib"));
symlinkSync("/usr/bin", join(main, "bin"));
const early = pack(
	makeRoot("early", { "kernel/x86/microcode/GenuineIntel.bin": "microcode" }),
	"kernel\nkernel/x86\nkernel/x86/microcode\nkernel/x86/microcode/GenuineIntel.bin\n",
);
const archive = pack(main, allOf(main));

const open = (bytes: Buffer): Promise<Image> => readImage("IMAGE", bytes, captureFiles);
const textAt = (image: Image, path: string): string | undefined =>
	filesOfImage(image.tree).read(path)?.toString("latin1");

async function refusal(bytes: Buffer): Promise<string> {
	try {
		await open(bytes);
	} catch (error) {
		if (error instanceof DamagedImage) return error.message;
		throw error;
	}
	return "no refusal";
}

const compressions: readonly (readonly ["gzip" | "xz" | "zstd", readonly string[]])[] = [
	["gzip", ["-9"]],
	["xz", ["--check=crc32", "-8"]],
	["xz", ["--check=crc64"]],
	["zstd", ["-19"]],
	["zstd", ["-1", "--no-check"]],
];

for (const [program, words] of compressions)
	test(`an image of early microcode and a part by ${[program, ...words].join(" ")} is read`, async (t) => {
		const image = await open(Buffer.concat([early, Buffer.alloc(512), compress(program, archive, ...words)]));
		t.deepEqual(image.parts, ["none", program]);
		t.is(textAt(image, "/usr/lib/modules/6.1.0/modules.dep"), "kernel/nvme.ko:\n");
		t.is(textAt(image, "/conf/modules"), "loop\n");
		const microcode = image.tree.find("/kernel/x86/microcode/GenuineIntel.bin")?.node;
		t.deepEqual(microcode, { kind: "file", bytes: 9 });
	});

test("links are followed within the image: /lib leads to usr/lib, and an absolute link to the image's root", async (t) => {
	const image = await open(archive);
	t.is(textAt(image, "/lib/modprobe.d/a.conf"), "blacklist a\n");
	t.is(image.tree.find("/bin/sh")?.path, "/usr/bin/sh");
	t.deepEqual(filesOfImage(image.tree).list("/lib/modules"), ["6.1.0"]);
});

test("an entry below a link goes where the link leads, as the kernel unpacks it", async (t) => {
	const more = pack(makeRoot("more", { "lib/modprobe.d/b.conf": "blacklist b\n" }), "lib/modprobe.d/b.conf\n");
	const image = await open(Buffer.concat([archive, more]));
	t.is(image.tree.find("/lib/modprobe.d/b.conf")?.path, "/usr/lib/modprobe.d/b.conf");
	t.is(textAt(image, "/usr/lib/modprobe.d/b.conf"), "blacklist b\n");
});

test("a later archive replaces the files of an earlier one", async (t) => {
	const changed = pack(makeRoot("changed", { "conf/modules": "nvme\n" }), "conf/modules\n");
	t.is(
		textAt(await open(Buffer.concat([compress("gzip", archive), compress("xz", changed)])), "/conf/modules"),
		"nvme\n",
	);
	t.is(textAt(await open(Buffer.concat([changed, compress("zstd", archive)])), "/conf/modules"), "loop\n");
});

test("an archive that goes on in the next compressed part is one archive", async (t) => {
	const halves = [archive.subarray(0, 700), archive.subarray(700)];
	const image = await open(Buffer.concat([compress("gzip", halves[0]!), compress("gzip", halves[1]!)]));
	t.deepEqual(image.parts, ["gzip", "gzip"]);
	t.is(textAt(image, "/conf/modules"), "loop\n");
});

test("hard links have the content that comes with the last of their names", async (t) => {
	const root = makeRoot("linked", { "etc/modprobe.d/a.conf": "blacklist a\n" });
	linkSync(join(root, "etc/modprobe.d/a.conf"), join(root, "etc/modprobe.d/b.conf"));
	linkSync(join(root, "etc/modprobe.d/a.conf"), join(root, "other"));
	const image = await open(pack(root, "etc\netc/modprobe.d\netc/modprobe.d/a.conf\netc/modprobe.d/b.conf\nother\n"));
	t.is(textAt(image, "/etc/modprobe.d/a.conf"), "blacklist a\n");
	t.is(textAt(image, "/etc/modprobe.d/b.conf"), "blacklist a\n");
});

test("a content that is not kept cannot be read, and its size is known", async (t) => {
	const image = await open(archive);
	t.like(image.tree.find("/usr/bin/sh")?.node, { kind: "file", bytes: 3 });
	t.throws(() => textAt(image, "/usr/bin/sh"), { message: "read /usr/bin/sh: its content was not kept" });
});

const others: readonly (readonly [string, readonly string[]])[] = [
	["lz4", ["-l"]],
	["lz4", []],
	["bzip2", []],
	["lzma", []],
];

for (const [program, words] of others)
	test(`a part by ${[program, ...words].join(" ")} is refused by the name of the compression`, async (t) => {
		t.is(
			await refusal(Buffer.concat([early, compress(program, archive, ...words)])),
			`IMAGE has a part at byte ${early.length} that is compressed by ${program}, which hotplugd does not decompress: decompress it first, or make the image with zstd, xz or gzip`,
		);
	});

test("a file that is no image is refused", async (t) => {
	t.is(
		await refusal(Buffer.from("hello\n")),
		"IMAGE is no initramfs image: it begins with neither a cpio archive nor a compression",
	);
	t.is(await refusal(Buffer.alloc(0)), "IMAGE is no initramfs image: there is nothing in it but zeros");
	t.is(await refusal(Buffer.alloc(4096)), "IMAGE is no initramfs image: there is nothing in it but zeros");
	t.regex(await refusal(Buffer.from("MZ\0\0\0\0\0\0")), /^IMAGE is an EFI program/);
	t.regex(await refusal(compress("gzip", Buffer.from("hello\n"))), /holds something else than cpio archives$/);
	t.regex(
		await refusal(Buffer.concat([archive, Buffer.from("junk")])),
		/^IMAGE has a part at byte \d+ that is neither/,
	);
});

test("a file that is cut anywhere is refused", async (t) => {
	for (const [program, words] of compressions) {
		const packed = compress(program, archive, ...words);
		for (const length of [1, 5, 20, packed.length >> 1, packed.length - 9, packed.length - 1])
			t.regex(await refusal(packed.subarray(0, length)), /^IMAGE (?:is|has)/, `${program} of ${length} bytes`);
	}
	const end = archive.lastIndexOf("TRAILER!!!");
	for (let length = 1; length < end; length += 97)
		t.regex(
			await refusal(archive.subarray(0, length)),
			/^IMAGE is (?:damaged: its end is missing|no initramfs)/,
			`${length}`,
		);
});

test("a damaged part is refused", async (t) => {
	for (const [program, words] of compressions.filter(([, [, more]]) => more !== "--no-check")) {
		const packed = Buffer.from(compress(program, archive, ...words));
		packed[packed.length >> 1]! ^= 0xff;
		t.regex(
			await refusal(packed),
			new RegExp(`^IMAGE has a part, compressed by ${program}, that cannot be decompressed: `),
		);
	}
});

test("a bomb is refused, whether it is one part or several", async (t) => {
	for (const [program, words] of compressions) {
		const bomb = compress(program, Buffer.alloc(2 ** 20), ...words);
		for (const count of [1, 3]) {
			const limit = count * 2 ** 20 - 1;
			const opened = readImage("IMAGE", Buffer.concat(Array<Buffer>(count).fill(bomb)), captureFiles, limit);
			await t.throwsAsync(opened, { instanceOf: DamagedImage, message: /: more than \d+ [KM]iB when decompressed$/ });
		}
	}
});
