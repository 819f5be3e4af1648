// The bound on the number of parts of a compressed file, and the memory that many small parts take.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import test from "ava";
import { MOST_PARTS } from "../../../src/libkmod/kernel/bounds.js";
import { type Compression, type Decoder, decompress, listDecoders } from "../../../src/linux/decoding/module-file.js";

const content = Buffer.from("module ".repeat(1000));
const emptyZstdFrame = Buffer.from("28b52ffd0000010000", "hex");
const files: Readonly<Record<Compression, { whole: Buffer; empty: Buffer; parts: string }>> = {
	gzip: { whole: gzipSync(content), empty: gzipSync(""), parts: "members" },
	xz: {
		whole: execFileSync("xz", ["-c"], { input: content }),
		empty: execFileSync("xz", ["-c"], { input: "" }),
		parts: "streams and blocks",
	},
	zstd: { whole: execFileSync("zstd", ["-c", "-q"], { input: content }), empty: emptyZstdFrame, parts: "frames" },
};

const rows: (readonly [Compression, Decoder])[] = [];
for (const compression of ["gzip", "xz", "zstd"] as const)
	for (const decoder of await listDecoders(compression)) rows.push([compression, decoder]);

for (const [compression, decoder] of rows)
	test(`${decoder.name} takes so many parts of a ${compression} file and no more: n - 1, n and n + 1`, async (t) => {
		const { whole, empty, parts } = files[compression];
		// The part with the content counts as well; in xz as two: a stream and its block.
		const others = MOST_PARTS - (compression === "xz" ? 2 : 1);
		const unpack = (count: number) => {
			const packed = Buffer.concat([...Array<Buffer>(count).fill(empty), whole]);
			return decompress(compression, packed, "x.ko", { decoder });
		};
		for (const count of [others - 1, others]) t.true((await unpack(count)).equals(content));
		const reason = `a file of more than 16,384 ${parts} is not supported`;
		t.like(await t.throwsAsync(unpack(others + 1)), { name: "Refusal", subject: "x.ko", code: "EINVAL", reason });
	});

test("many members of one byte each have no more memory each than that", async (t) => {
	const packed = Buffer.concat(Array<Buffer>(MOST_PARTS).fill(gzipSync("x")));
	const before = process.memoryUsage().arrayBuffers;
	let most = 0;
	const look = setInterval(() => {
		most = Math.max(most, process.memoryUsage().arrayBuffers - before);
	}, 5);
	const content = await decompress("gzip", packed, "x.ko");
	clearInterval(look);
	t.is(content.length, MOST_PARTS);
	// zlib's output chunk has 64 KiB: one for each member would make a gigabyte.
	t.true(most > 0 && most < 2 ** 29, String(most));
});

test("a million blocks of one byte each are no million objects at once", async (t) => {
	const count = 2 ** 20;
	const repeatedByte = Buffer.from([(1 << 3) | 2, 0, 0, 65]);
	const blocks = Array<Buffer>(count).fill(repeatedByte);
	const packed = Buffer.concat([emptyZstdFrame.subarray(0, 6), ...blocks, emptyZstdFrame.subarray(6)]);
	const unpack = `
		import { parentPort, workerData } from "node:worker_threads";
		const { decompress, listDecoders } = await import(workerData.module);
		const decoder = (await listDecoders("zstd")).find(({ name }) => name === "fzstd");
		parentPort.postMessage((await decompress("zstd", Buffer.from(workerData.packed), "x.ko", { decoder })).length);
	`;
	const script = new URL(`data:text/javascript,${encodeURIComponent(unpack)}`);
	const workerData = { module: new URL("../../../src/linux/decoding/module-file.js", import.meta.url).href, packed };
	const worker = new Worker(script, { workerData, resourceLimits: { maxOldGenerationSizeMb: 48 } });
	t.deepEqual(await once(worker, "message"), [count]);
});
