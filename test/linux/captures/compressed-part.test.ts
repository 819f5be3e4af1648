import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import test from "ava";
import { captureFiles } from "../../../src/linux/captures/capture-files.js";

const content = Buffer.concat([randomBytes(3000), Buffer.alloc(200_000, "abc")]);
const limits = { name: "FILE", mostBytes: 2 ** 20 };

for (const program of ["gzip", "xz", "zstd"])
	test(`the first part by ${program} ends where it ends, whatever follows`, async (t) => {
		const packed = execFileSync(program, ["-c"], { input: content });
		for (const rest of [Buffer.alloc(0), Buffer.alloc(7), Buffer.from("070701"), packed, randomBytes(50)]) {
			const part = await captureFiles.decompressPart(Buffer.concat([packed, rest]), limits);
			t.is(part.packedBytes, packed.length);
			t.true(part.content.equals(content));
		}
		const few = { ...limits, mostBytes: content.length - 1 };
		await t.throwsAsync(captureFiles.decompressPart(packed, few), {
			name: "Refusal",
			message: "decompress FILE: EFBIG",
		});
		t.true(
			(await captureFiles.decompressPart(packed, { ...limits, mostBytes: content.length })).content.equals(content),
		);
		await t.throwsAsync(captureFiles.decompressPart(packed.subarray(0, -1), limits), {
			message: "decompress FILE: its end is missing",
		});
	});

test("what is not compressed, or otherwise, is refused", async (t) => {
	for (const bytes of [Buffer.alloc(0), Buffer.from("070701070701"), execFileSync("bzip2", { input: content })])
		await t.throwsAsync(captureFiles.decompressPart(bytes, limits), {
			message: "decompress FILE: its compression is not supported",
		});
});
