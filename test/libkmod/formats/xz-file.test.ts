import { execFileSync } from "node:child_process";
import test from "ava";
import { Damage } from "../../../src/libkmod/formats/damage.js";
import { parseXz, withDictionariesThatFit, xzContentSize } from "../../../src/libkmod/formats/xz-file.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const xz = (size: number, ...words: string[]) =>
	execFileSync("xz", ["-c", "-0", ...words], { input: Buffer.alloc(size, "module ") });
const sizeOf = (bytes: Buffer) => xzContentSize(parseXz(bytes));
/** The size of the content, or the message of the error that keeps the file from being read. */
const read = (bytes: Buffer): number | string => {
	try {
		return sizeOf(bytes);
	} catch (error) {
		if (error instanceof Damage) return error.message;
		throw error;
	}
};
const CUT = "its end is missing";
const DAMAGED = "its data or their checksum is damaged";
const BEHIND = "other data follows its end";

test("the size is that of all blocks", (t) => {
	for (const size of [0, 1, 127, 128, 5000, 70_000, 3_000_000]) {
		t.is(sizeOf(xz(size)), size);
		t.is(sizeOf(xz(size, "--block-size=4096", "--check=sha256")), size);
	}
	const random = seededRandom(t);
	const noise = Buffer.from(Array.from({ length: 300_000 }, () => random.below(256)));
	t.is(sizeOf(execFileSync("xz", ["-c", "-0"], { input: noise })), noise.length, "chunks that are not compressed");
});

test("the size is that of all streams, zeros behind them or not", (t) => {
	const several = Buffer.concat([xz(1000), xz(0), Buffer.alloc(400), xz(20_000), Buffer.alloc(4)]);
	t.is(sizeOf(several), 21_000);
	t.is(parseXz(several).length, 3);
});

test("checks, filters and dictionaries are those that xz was told", (t) => {
	for (const [name, check] of Object.entries({ none: 0, crc32: 1, crc64: 4, sha256: 10 }))
		t.is(parseXz(xz(10, `--check=${name}`))[0]?.check, check);
	const filters = (...words: string[]) => parseXz(xz(10, ...words))[0]?.blocks[0]?.filters;
	t.deepEqual(filters("--x86", "--lzma2"), [4, 0x21]);
	t.deepEqual(filters("--delta=dist=4", "--arm", "--lzma2"), [3, 7, 0x21]);
	for (const size of ["4KiB", "1MiB", "96MiB", "1536MiB"])
		t.is(
			parseXz(xz(10, `--lzma2=dict=${size}`))[0]?.blocks[0]?.dictionary,
			Number.parseInt(size, 10) * (size.endsWith("KiB") ? 2 ** 10 : 2 ** 20),
		);
});

test("a file that is cut, or has something before, between or behind its streams, says so", (t) => {
	const whole = Buffer.concat([xz(1000), xz(500_000, "--block-size=10000")]);
	const first = xz(1000).length;
	for (let length = 0; length < whole.length; length++)
		t.is(read(whole.subarray(0, length)), length === first ? 1000 : CUT, `${length} bytes`);
	t.is(read(Buffer.concat([whole, Buffer.from("rubbish")])), BEHIND);
	t.is(read(Buffer.concat([whole, Buffer.alloc(3)])), BEHIND);
	t.is(read(Buffer.concat([xz(10), Buffer.from("four"), xz(10)])), BEHIND);
	t.is(read(Buffer.concat([Buffer.from("four"), xz(10)])), DAMAGED);
	t.is(read(Buffer.alloc(1000)), DAMAGED);
});

test("a hostile file ends the reading, whatever it says", (t) => {
	const random = seededRandom(t);
	const whole = xz(100_000, "--block-size=4096");
	for (let round = 0; round < 6000; round++) {
		const bytes = Buffer.from(whole);
		const among = round % 2 === 0 ? 80 : bytes.length;
		for (let i = 0; i <= round % 3; i++) bytes[bytes.length - 1 - random.below(among)] = random.below(256);
		const found = read(bytes);
		t.true(typeof found === "string" || found <= 2 ** 21 * 25);
	}
	const endless = Buffer.concat([whole.subarray(0, 12), Buffer.alloc(64, 0xff), whole.subarray(-12)]);
	endless.writeUInt32LE(15, endless.length - 8);
	endless[12] = 0;
	t.is(read(endless), DAMAGED);
});

test("a dictionary larger than the content says less of itself, and xz reads the file", (t) => {
	const large = xz(100_000, "--lzma2=dict=1536MiB");
	const fitInto = (most: number) => withDictionariesThatFit(large, parseXz(large), most);
	t.is(fitInto(2 ** 31), large);
	const fitted = fitInto(2 ** 26);
	t.is(parseXz(fitted)[0]?.blocks[0]?.dictionary, 2 ** 17);
	t.deepEqual(execFileSync("xz", ["-dc"], { input: fitted }), Buffer.alloc(100_000, "module "));
});
