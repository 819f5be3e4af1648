import { execFileSync } from "node:child_process";
import test from "ava";
import { xxh64Low } from "../../src/libkmod/xxh64.js";

test("the checksum is the one that zstd writes, of any length", (t) => {
	for (const length of [0, 1, 3, 4, 5, 7, 8, 9, 12, 15, 16, 31, 32, 33, 63, 64, 65, 95, 97, 1000, 99_999]) {
		const content = Buffer.from(Array.from({ length }, (_, at) => (at * at * 7 + length) & 255));
		const packed = execFileSync("zstd", ["-q", "-c", "--check"], { input: content });
		t.is(xxh64Low(content), packed.readUInt32LE(packed.length - 4), `${length} bytes`);
	}
});

test("bytes in the middle of others count alone", (t) => {
	const content = Buffer.from("modules of the kernel, more than thirty-two bytes of them");
	t.is(xxh64Low(Buffer.concat([Buffer.from("abc"), content]).subarray(3)), xxh64Low(content));
});
