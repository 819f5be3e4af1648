import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Pieces } from "../../../src/linux/fleet/byte-source.js";
import { decompressed } from "../../../src/linux/fleet/decompressed.js";
import { randomFrom } from "../../support/worlds/random-numbers.js";

const random = randomFrom(5);
const content = Buffer.from(random.text(["a line of text\n", "another", "\n", "0123456789"], 4000, 4000), "latin1");
const zstd = (bytes: Buffer, ...options: readonly string[]): Buffer =>
	execFileSync("zstd", ["-c", ...options], { input: bytes });

/** Pieces in memory that is written anew for each, as that of a file's source is. */
async function* inPieces(bytes: Buffer, size: number): Pieces {
	const memory = Buffer.alloc(size);
	for (let at = 0; at < bytes.length; at += size) {
		const length = bytes.copy(memory, 0, at, at + size);
		yield memory.subarray(0, length);
		memory.fill(0);
	}
}

async function read(bytes: Buffer, size = 4096): Promise<Buffer> {
	const pieces: Buffer[] = [];
	for await (const piece of decompressed(inPieces(bytes, size), "fleet.ndjson")) pieces.push(Buffer.from(piece));
	return Buffer.concat(pieces);
}

const compressed: Readonly<Record<string, Buffer>> = {
	"what is not compressed": content,
	gzip: gzipSync(content),
	"gzip in two members": Buffer.concat([gzipSync(content.subarray(0, 1000)), gzipSync(content.subarray(1000))]),
	zstd: zstd(content),
	"zstd in two frames": Buffer.concat([zstd(content.subarray(0, 1000)), zstd(content.subarray(1000))]),
	"zstd of one byte a block": zstd(Buffer.alloc(300_000, "a"), "--no-check"),
	nothing: Buffer.alloc(0),
	"five bytes": Buffer.from("{}\n{}"),
};

for (const [name, bytes] of Object.entries(compressed))
	test(`${name} is read, however it is cut`, async (t) => {
		const whole =
			name === "zstd of one byte a block"
				? Buffer.alloc(300_000, "a")
				: name.includes("zip") || name.includes("zstd")
					? content
					: bytes;
		for (const size of [1, 7, 4096, 2 ** 20]) t.true((await read(bytes, size)).equals(whole), `${size}`);
	});

const refused = async (bytes: Buffer): Promise<string> => {
	try {
		await read(bytes);
		return "read";
	} catch (thrown) {
		if (!(thrown instanceof Refusal)) throw thrown;
		return `${thrown.operation} ${thrown.subject}: ${thrown.why}`;
	}
};

test("damaged and truncated content is refused with a sentence, after the content before it", async (t) => {
	for (const name of ["gzip", "zstd"]) {
		const bytes = compressed[name]!;
		t.regex(await refused(bytes.subarray(0, bytes.length - 9)), /^read fleet.ndjson: its /, name);
		const damaged = Buffer.from(bytes);
		damaged.fill(0xff, 40, 400);
		t.regex(await refused(damaged), /^read fleet.ndjson: its /, name);
	}
});

test("xz is refused with the way out", async (t) => {
	const xz = execFileSync("xz", ["-c"], { input: content });
	t.is(await refused(xz), "read fleet.ndjson: xz is not read piece by piece here: xz -dc and a pipe do");
});

test("a zstd frame that asks for a window of 2 GiB is refused before there is memory for it", async (t) => {
	const frame = Buffer.from("28b52ffd00a80000", "hex");
	t.regex(await refused(Buffer.concat([compressed.zstd!, frame, Buffer.alloc(40)])), /^read fleet.ndjson: /);
});
