import { gzipSync } from "node:zlib";
import test from "ava";
import { Refusal } from "../../src/libkmod/kernel.js";
import { type Compression, compressionOf, decompress, MAGIC_SIZE } from "../../src/linux/module-file.js";
import { seededRandom } from "../support/random-numbers.js";

const content = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `module_${(i * i) % 61}\n`).join(""));

// `xz --check=crc32 --lzma2=dict=1MiB`, as the kernel's build does, and `zstd`, over that content.
const packed: Readonly<Record<Compression, Buffer>> = {
	gzip: gzipSync(content),
	xz: Buffer.from(
		"/Td6WFoAAAFpIt42AgAhARAAAACocI6G4v8rAOldADabyLGuEvBOBkpgU+dBrS4/i7koxdsvOxTy5dpYeMeHoSrMAhD7tZvkySbE" +
			"t2TYNzqGfRf6bRzmKdbMM0G7dxMM2IShA6X2oUD0UVCQTCYwly7RhlTZhs181cv2afNeDIWZc8X4WSvZEFj4uEZA7ZVsUjOmA7np" +
			"OcAg9XtjiIw9cjgRI30m0fD9QlMVL7UcehuUkjitRMaAv1OFIURCHVoYOwwFRUDJUhgFnig8U774DBcg3W81Pj4wXb3EOP35bfoJ" +
			"HgpgwTNMy8gnCjlT0f2cMiPRjqEsijL6eF8uSxZumDJNG6ne1LUgAAAAAFLzTYUAAYECrP4LAGxhajc+MA2LAgAAAAABWVo=",
		"base64",
	),
	zstd: Buffer.from(
		"KLUv/aQs/wIAtAQAUoQMEcCnA0bHDfCvTG4pU0qpgeOwLa9Iomf/ZYpZPs50z53XyY5MTglbnp6z8gASDMQhGEVEqLCetwMwo5Eh" +
			"NxKYgUz91rP+//8GXf1aRgEjGJur+Ox/S9PaCg39y+kb8ji8uTjc3MWS3vXvBO9NzuTpQuZSDqxfnAuXyoF5oFZRIx+trxdJSNAH" +
			"HgP4FPUhzFd2OK0pTQAACDIBACh/HQgB3j+jmw==",
		"base64",
	),
};
const compressions = Object.keys(packed) as Compression[];

test("the first six bytes tell how a file is compressed", (t) => {
	for (const compression of compressions) t.is(compressionOf(packed[compression].subarray(0, 6)), compression);
	t.is(compressionOf(Buffer.from("\x7fELF\x02\x01", "latin1")), undefined);
	t.is(compressionOf(packed.gzip.subarray(0, 5)), undefined);
	t.is(compressionOf(Buffer.alloc(0)), undefined);
});

const unpacks = test.macro({
	exec: async (t, compression: Compression) => {
		const files = Array.from({ length: 5 }, () => decompress(compression, packed[compression], "x.ko"));
		for (const file of await Promise.all(files)) t.true(file.equals(content));
	},
	title: (_, compression) => `unpacks ${compression}, several files at once too`,
});
for (const compression of compressions) test(unpacks, compression);

const bounded = test.macro({
	exec: async (t, compression: Compression) => {
		const limit = content.length - 1;
		const refused = await t.throwsAsync(decompress(compression, packed[compression], "bomb.ko", limit));
		t.like(refused, { name: "Refusal", operation: "decompress", subject: "bomb.ko", code: "EFBIG", errno: 27 });
		t.true((await decompress(compression, packed[compression], "whole.ko", limit + 1)).equals(content));
	},
	title: (_, compression) => `stops unpacking ${compression} at the limit, and unpacks the next file`,
});
for (const compression of compressions) test(bounded, compression);

test("refuses a zstd frame of a few bytes that asks for a gigabyte to work in", async (t) => {
	const repeatedByteLastBlock = (100 << 3) | (1 << 1) | 1;
	const frame = (windowDescriptor: number) =>
		Buffer.from([
			0x28,
			0xb5,
			0x2f,
			0xfd,
			0,
			windowDescriptor,
			repeatedByteLastBlock & 255,
			repeatedByteLastBlock >> 8,
			0,
			65,
		]);
	t.true((await decompress("zstd", frame(17 << 3), "small.ko")).equals(Buffer.alloc(100, "A")));
	t.like(await t.throwsAsync(decompress("zstd", frame(20 << 3), "large.ko")), { code: "EFBIG" });
	const second = Buffer.concat([packed.zstd, frame(20 << 3)]);
	t.like(await t.throwsAsync(decompress("zstd", second, "second.ko")), { code: "EFBIG" });
});

const cut = test.macro({
	exec: async (t, compression: Compression) => {
		const whole = packed[compression];
		const beforeChecksum = whole.length - 8;
		let refused = 0;
		for (let length = MAGIC_SIZE; length < beforeChecksum; length += 3) {
			const error = await t.throwsAsync(decompress(compression, whole.subarray(0, length), "cut.ko"));
			t.like(error, { name: "Refusal", code: "EINVAL" }, `${length} bytes`);
			refused++;
		}
		t.true(refused > 0);
	},
	title: (_, compression) => `refuses ${compression} that is cut short, wherever`,
});
for (const compression of compressions) test(cut, compression);

const damaged = test.macro({
	exec: async (t, compression: Compression) => {
		const random = seededRandom(t);
		let refused = 0;
		for (let round = 0; round < 100; round++) {
			const bytes = Buffer.from(packed[compression]);
			for (let i = 0; i <= round % 4; i++) bytes[random.below(bytes.length)] = random.below(256);
			try {
				await decompress(compression, bytes, "damaged.ko", 2 ** 22);
			} catch (error) {
				t.true(error instanceof Refusal, String(error));
				refused++;
			}
		}
		t.true(refused > 0);
		t.true((await decompress(compression, packed[compression], "whole.ko")).equals(content));
	},
	title: (_, compression) => `meets damaged ${compression} with content or a refusal, and goes on`,
});
for (const compression of compressions) test(damaged, compression);
