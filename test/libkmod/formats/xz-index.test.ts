import { execFileSync } from "node:child_process";
import test from "ava";
import { xzContentSize } from "../../../src/libkmod/formats/xz-index.js";
import { seededRandom } from "../../support/random-numbers.js";

const xz = (size: number, ...words: string[]) =>
	execFileSync("xz", ["-c", "-0", ...words], { input: Buffer.alloc(size, "module ") });

test("the size is that of all blocks", (t) => {
	for (const size of [0, 1, 127, 128, 5000, 70_000, 3_000_000]) {
		t.is(xzContentSize(xz(size)), size);
		t.is(xzContentSize(xz(size, "--block-size=4096", "--check=sha256")), size);
	}
});

test("the size is that of all streams, zeros behind them or not", (t) => {
	t.is(xzContentSize(Buffer.concat([xz(1000), xz(0), Buffer.alloc(400), xz(20_000), Buffer.alloc(4)])), 21_000);
});

test("a file that is cut, or has something before, between or behind its streams, has no size", (t) => {
	const whole = Buffer.concat([xz(1000), xz(500_000, "--block-size=10000")]);
	const first = xz(1000).length;
	for (let length = 0; length < whole.length; length++)
		t.is(xzContentSize(whole.subarray(0, length)), length === first ? 1000 : undefined, `${length} bytes`);
	t.is(xzContentSize(Buffer.concat([whole, Buffer.from("rubbish")])), undefined);
	t.is(xzContentSize(Buffer.concat([whole, Buffer.alloc(3)])), undefined);
	t.is(xzContentSize(Buffer.concat([xz(10), Buffer.from("four"), xz(10)])), undefined);
	t.is(xzContentSize(Buffer.concat([Buffer.from("four"), xz(10)])), undefined);
	t.is(xzContentSize(Buffer.alloc(1000)), undefined);
});

test("a hostile index ends the reading, whatever it says", (t) => {
	const random = seededRandom(t);
	const whole = xz(100_000, "--block-size=4096");
	for (let round = 0; round < 3000; round++) {
		const bytes = Buffer.from(whole);
		for (let i = 0; i <= round % 3; i++) bytes[bytes.length - 1 - random.below(80)] = random.below(256);
		const size = xzContentSize(bytes);
		t.true(size === undefined || size >= 0);
	}
	const endless = Buffer.concat([whole.subarray(0, 12), Buffer.alloc(64, 0xff), whole.subarray(-12)]);
	endless.writeUInt32LE(15, endless.length - 8);
	endless[12] = 0;
	t.is(xzContentSize(endless), undefined);
});
