import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import {
	type Compression,
	compressionOf,
	type Decoder,
	decompress,
	findDecoder,
	listDecoders,
	MAGIC_SIZE,
} from "../../../src/linux/decoding/module-file.js";
import type { DecoderMemory } from "../../support/programs/decoder-memory-session.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const content = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `module_${(i * i) % 61}\n`).join(""));

// The content compressed by `xz --check=crc32 --lzma2=dict=1MiB`, as by the kernel's build, and by `zstd`.
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

// Every decoder that this machine has: the libraries of a machine decide which decoder is used there.
const rows: (readonly [Compression, Decoder])[] = [];
for (const compression of compressions)
	for (const decoder of await listDecoders(compression)) rows.push([compression, decoder]);

/** Bytes that a process may grow by while it decodes, beyond a process that has only read the file. */
const LITTLE_BYTES = 200_000_000;

/** The memory that a decoder takes for these files in a process that does nothing else. */
function memoryFor(
	t: ExecutionContext,
	[compression, { name }]: readonly [Compression, Decoder],
	files: readonly Buffer[],
): DecoderMemory {
	const folder = mkdtempSync(join(tmpdir(), "decoder-memory-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const paths = files.map((_, number) => join(folder, String(number)));
	for (const [number, path] of paths.entries()) writeFileSync(path, files[number]!);
	const session = fileURLToPath(new URL("../../support/programs/decoder-memory-session.js", import.meta.url));
	return JSON.parse(execFileSync(process.execPath, [session, compression, name, ...paths], { encoding: "utf8" }));
}

const sumOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

test("the system's decoders are used before those that are always there", async (t) => {
	t.deepEqual(
		rows.map(([, { name }]) => name),
		["gunzip", "liblzma", "xz-decompress", "libzstd", "fzstd"],
	);
	for (const compression of compressions) {
		const first = rows.find(([of]) => of === compression)?.[1].name;
		t.is(first, (await findDecoder(compression)).name);
	}
});

test("the first six bytes tell how a file is compressed", (t) => {
	for (const compression of compressions) t.is(compressionOf(packed[compression].subarray(0, 6)), compression);
	t.is(compressionOf(Buffer.from("\x7fELF\x02\x01", "latin1")), undefined);
	t.is(compressionOf(packed.gzip.subarray(0, 5)), undefined);
	t.is(compressionOf(Buffer.alloc(0)), undefined);
});

for (const [compression, decoder] of rows) {
	const unpack = (bytes: Buffer, path: string, limit?: number) =>
		decompress(compression, bytes, path, { decoder, ...(limit !== undefined && { limit }) });
	const whole = packed[compression];

	test(`${decoder.name} unpacks ${compression}, many files at once too`, async (t) => {
		const files = Array.from({ length: 50 }, () => unpack(whole, "x.ko"));
		for (const file of await Promise.all(files)) t.true(file.equals(content));
	});

	test(`${decoder.name} stops unpacking ${compression} at the limit, and unpacks the next file`, async (t) => {
		const limit = content.length - 1;
		const refused = await t.throwsAsync(unpack(whole, "bomb.ko", limit));
		t.like(refused, { name: "Refusal", operation: "decompress", subject: "bomb.ko", code: "EFBIG", errno: 27 });
		t.true((await unpack(whole, "whole.ko", limit + 1)).equals(content));
	});

	test(`${decoder.name} refuses ${compression} that is cut short, wherever`, async (t) => {
		const beforeChecksum = whole.length - 8;
		let refused = 0;
		for (let length = MAGIC_SIZE; length < beforeChecksum; length += 3) {
			const error = await t.throwsAsync(unpack(whole.subarray(0, length), "cut.ko"));
			t.like(error, { name: "Refusal", code: "EINVAL" }, `${length} bytes`);
			refused++;
		}
		t.true(refused > 0);
	});

	test(`${decoder.name} meets damaged ${compression} with content or a refusal, and goes on`, async (t) => {
		const random = seededRandom(t);
		let refused = 0;
		for (let round = 0; round < 100; round++) {
			const bytes = Buffer.from(whole);
			for (let i = 0; i <= round % 4; i++) bytes[random.below(bytes.length)] = random.below(256);
			try {
				await unpack(bytes, "damaged.ko", 2 ** 22);
			} catch (error) {
				t.true(error instanceof Refusal, String(error));
				refused++;
			}
		}
		t.true(refused > 0);
		t.true((await unpack(whole, "whole.ko")).equals(content));
	});
}

test("threads of JavaScript unpack by the same decoders, beside each other", async (t) => {
	const files = Object.entries(packed);
	const unpackAll = `
		import { parentPort, workerData } from "node:worker_threads";
		const { decompress, findDecoder } = await import(workerData.module);
		const unpack = async ([compression, bytes]) => [
			(await findDecoder(compression)).name,
			(await decompress(compression, Buffer.from(bytes), "x.ko")).toString(),
		];
		const rounds = Array.from({ length: 10 }, () => workerData.files.map(unpack)).flat();
		parentPort.postMessage(await Promise.all(rounds));
	`;
	const script = new URL(`data:text/javascript,${encodeURIComponent(unpackAll)}`);
	const workerData = { module: new URL("../../../src/linux/decoding/module-file.js", import.meta.url).href, files };
	const workers = Array.from({ length: 3 }, () => new Worker(script, { workerData }));
	const answers = workers.map(async (worker) => (await once(worker, "message"))[0] as [string, string][]);
	const expected = await Promise.all(compressions.map(async (compression) => (await findDecoder(compression)).name));
	for (const answer of await Promise.all(answers)) {
		t.is(answer.length, 30);
		t.deepEqual(new Set(answer.map(([name]) => name)), new Set(expected));
		t.true(answer.every(([, text]) => text === content.toString()));
	}
});

const compress = (program: "xz" | "zstd", ...words: string[]) =>
	execFileSync(program, ["-c", ...words], { input: content, stdio: ["pipe", "pipe", "ignore"] });

for (const [compression, decoder] of rows.filter(([compression]) => compression === "xz")) {
	const unpack = (bytes: Buffer) => decompress(compression, bytes, "x.ko", { decoder });
	const whole = packed[compression];
	const invalid = { name: "Refusal", code: "EINVAL" };

	test(`${decoder.name} takes several streams for one file, of any check and with zeros behind them`, async (t) => {
		const second = compress("xz", "--check=crc64", "--block-size=7000");
		const several = Buffer.concat([whole, Buffer.alloc(8), second, compress("xz", "--check=none"), Buffer.alloc(4)]);
		t.true((await unpack(several)).equals(Buffer.concat([content, content, content])));
		t.is((await unpack(execFileSync("xz", ["-c"], { input: "" }))).length, 0);
	});

	test(`${decoder.name} refuses a file whose index lies, and fills no memory that it does not need`, async (t) => {
		const file = execFileSync("xz", ["-c", "--check=crc32"], { input: Buffer.alloc(3_000_000) });
		const size = Buffer.from([0xc0, 0x8d, 0xb7, 0x01]); // 3,000,000 in groups of seven bits
		const at = file.indexOf(size);
		t.true(at > 0);
		t.is((await unpack(file)).length, 3_000_000);
		for (const lie of [Buffer.from([0x80, 0x80, 0x80, 0x01]), Buffer.from([0xff, 0xff, 0xff, 0x7f])]) {
			const lying = Buffer.from(file);
			lie.copy(lying, at);
			t.like(await t.throwsAsync(unpack(lying)), invalid);
			const { grown, became } = memoryFor(t, [compression, decoder], [lying]);
			t.deepEqual(became, ["EINVAL"]);
			t.true(grown < LITTLE_BYTES, String(grown));
		}
	});

	test(`${decoder.name} refuses what is behind the last stream`, async (t) => {
		for (const behind of [Buffer.alloc(3), Buffer.from("rubbish!"), whole.subarray(0, 12), whole.subarray(0, -4)])
			t.like(await t.throwsAsync(unpack(Buffer.concat([whole, behind]))), invalid);
	});

	test(`${decoder.name} takes no more memory for a dictionary than the content needs`, (t) => {
		const sizes = ["64MiB", "96MiB", "1536MiB"];
		const files = sizes.map((size) => compress("xz", "--check=crc32", `--lzma2=dict=${size}`));
		const { grown, became } = memoryFor(t, [compression, decoder], files);
		t.deepEqual(
			became,
			sizes.map(() => sumOf(content)),
		);
		t.true(grown < LITTLE_BYTES, String(grown));
	});
}

for (const [compression, decoder] of rows.filter(([compression]) => compression === "zstd")) {
	const unpack = (bytes: Buffer, limit?: number) =>
		decompress(compression, bytes, "x.ko", { decoder, ...(limit !== undefined && { limit }) });

	test(`${decoder.name} takes no more memory for a window than the content needs`, (t) => {
		const repeatedByteLastBlock = (100 << 3) | (1 << 1) | 1;
		const block = [repeatedByteLastBlock & 255, repeatedByteLastBlock >> 8, 0, 65];
		const frame = (windowDescriptor: number) => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, windowDescriptor, ...block]);
		const far = Buffer.concat([packed.zstd, compress("zstd", "--ultra", "--long=31")]);
		const files = [...[17, 20, 21].map((power) => frame(power << 3)), far];
		const { grown, became } = memoryFor(t, [compression, decoder], files);
		const short = sumOf(Buffer.alloc(100, "A"));
		t.deepEqual(became, [short, short, short, sumOf(Buffer.concat([content, content]))]);
		t.true(grown < LITTLE_BYTES, String(grown));
	});

	test(`${decoder.name} refuses a frame that says that its content is larger than its blocks can be`, async (t) => {
		const lying = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 1, 0, 0]);
		t.like(await t.throwsAsync(unpack(lying)), { code: "EINVAL", reason: "its data or their checksum is damaged" });
	});

	test(`${decoder.name} never takes what is damaged for the content`, async (t) => {
		for (let at = 12; at < packed.zstd.length; at++) {
			const bytes = Buffer.from(packed.zstd);
			bytes[at]! ^= 0x55;
			const unpacked = await unpack(bytes, 2 ** 22).catch((error: Refusal) => error.reason ?? error.code);
			t.true(typeof unpacked === "string" || unpacked.equals(content), `byte ${at}`);
		}
	});

	test(`${decoder.name} takes the checksum that zstd writes, of content of any length, and no other`, async (t) => {
		for (const length of [0, 1, 3, 4, 5, 7, 8, 9, 12, 15, 16, 31, 32, 33, 63, 64, 65, 95, 97, 1000, 300_000]) {
			const bytes = Buffer.from(Array.from({ length }, (_, at) => (at * at * 7 + length) & 255));
			const file = execFileSync("zstd", ["-q", "-c", "--check"], { input: bytes });
			t.true((await unpack(file)).equals(bytes), `${length} bytes`);
			file[file.length - 1]! ^= 1;
			t.like(await t.throwsAsync(unpack(file)), { reason: "its data or their checksum is damaged" }, `${length} bytes`);
		}
	});

	test(`${decoder.name} takes several frames for one file, whether they tell their size or not`, async (t) => {
		const silent = compress("zstd", "--no-content-size", "-1");
		for (const several of [Buffer.concat([packed.zstd, silent]), Buffer.concat([silent, packed.zstd])]) {
			t.true((await unpack(several)).equals(Buffer.concat([content, content])));
			t.like(await t.throwsAsync(unpack(several, 2 * content.length - 1)), { code: "EFBIG" });
		}
	});
}

const reasons = {
	cut: "its end is missing",
	damaged: "its data or their checksum is damaged",
	behind: "other data follows its end",
} as const;

/** A copy with one byte changed at that offset, counted from the end when negative. */
function changed(bytes: Buffer, at: number): Buffer {
	const copy = Buffer.from(bytes);
	copy[at < 0 ? copy.length + at : at]! ^= 0x55;
	return copy;
}

for (const [compression, decoder] of rows) {
	const whole = packed[compression];
	test(`${decoder.name} says in the same words why ${compression} cannot be read`, async (t) => {
		const cases: (readonly [Buffer, keyof typeof reasons])[] = [
			[whole.subarray(0, whole.length >> 1), "cut"],
			[whole.subarray(0, -1), "cut"],
			[whole.subarray(0, -8), "cut"],
			[whole.subarray(0, 9), "cut"],
			// A changed checksum: of zstd's content, of gzip's content, and of xz's index.
			[changed(whole, compression === "xz" ? -13 : compression === "gzip" ? -6 : -1), "damaged"],
			// A changed byte of the data.
			[changed(whole, compression === "gzip" ? -9 : whole.length >> 1), compression === "gzip" ? "cut" : "damaged"],
		];
		if (compression !== "gzip") cases.push([Buffer.concat([whole, Buffer.from("rubbish")]), "behind"]);
		// The flags of the header announce a header checksum, and the checksum is wrong.
		else
			cases.push([
				Buffer.concat([
					whole.subarray(0, 3),
					Buffer.from([2]),
					whole.subarray(4, 10),
					Buffer.alloc(2),
					whole.subarray(10),
				]),
				"damaged",
			]);
		for (const [number, [bytes, reason]] of cases.entries()) {
			const refused = await t.throwsAsync(decompress(compression, bytes, "x.ko", { decoder }));
			t.like(refused, { code: "EINVAL", reason: reasons[reason] }, `case ${number}`);
		}
	});
}

test("bytes behind a gzip stream are passed over, and a second stream is read, as zlib does", async (t) => {
	const unpack = (...parts: Buffer[]) => decompress("gzip", Buffer.concat(parts), "x.ko");
	for (const behind of [Buffer.from("x"), Buffer.alloc(512), Buffer.from([0x1f]), Buffer.from("rubbish \x1f\x8b")])
		t.true((await unpack(packed.gzip, behind)).equals(content), behind.toString());
	t.true((await unpack(packed.gzip, packed.gzip, Buffer.from("x"))).equals(Buffer.concat([content, content])));
	t.like(await t.throwsAsync(unpack(packed.gzip, packed.gzip.subarray(0, 40))), { reason: reasons.cut });
	t.like(await t.throwsAsync(unpack(packed.gzip, Buffer.from([0x1f, 0x8b, 1, 0]))), { code: "EINVAL" });
	const limit = 2 * content.length - 1;
	const two = Buffer.concat([packed.gzip, packed.gzip]);
	t.like(await t.throwsAsync(decompress("gzip", two, "x.ko", { limit })), { code: "EFBIG" });
});

test("what this machine cannot decompress is named", async (t) => {
	const refuse = async (bytes: Buffer, decoder?: Decoder) => {
		const compression = compressionOf(bytes)!;
		const error = await t.throwsAsync(decompress(compression, bytes, "x.ko", decoder && { decoder }));
		return (error as Refusal).reason;
	};
	const script = rows.find(([, { name }]) => name === "xz-decompress")![1];
	t.is(await refuse(compress("xz", "--check=sha256"), script), "its kind of checksum is not supported");
	t.is(await refuse(compress("xz", "--arm", "--lzma2"), script), "a filter beside LZMA2 is not supported");
	const gzip = Buffer.from(packed.gzip);
	gzip[2] = 7;
	t.is(await refuse(gzip), "gzip of another kind than deflate is not supported");
	const dictionary = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x21, 9, 0, 1, 0, 0]);
	t.is(await refuse(dictionary), "a dictionary apart is not supported");
});
