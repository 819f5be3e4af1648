import test from "ava";
import { largestWindow, zstdContentSize } from "../../../src/libkmod/formats/zstd-frames.js";

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const EMPTY_LAST_BLOCK = [1, 0, 0];
const REPEATED_BYTE_THEN_LAST = [(5 << 3) | 2, 0, 0, 65, ...EMPTY_LAST_BLOCK];
const CHECKSUM = [9, 9, 9, 9];

test("the window is the frame's own, or its content's size where it is one segment", (t) => {
	t.is(largestWindow(Buffer.from([...MAGIC, 0, 17 << 3, ...EMPTY_LAST_BLOCK])), 2 ** 27);
	t.is(largestWindow(Buffer.from([...MAGIC, 0, (10 << 3) | 4, ...EMPTY_LAST_BLOCK])), 2 ** 20 * 1.5);
	t.is(largestWindow(Buffer.from([...MAGIC, 0x20, 77, ...EMPTY_LAST_BLOCK])), 77);
	t.is(largestWindow(Buffer.from([...MAGIC, 0x60, 0, 1, ...EMPTY_LAST_BLOCK])), 512);
	t.is(largestWindow(Buffer.from([...MAGIC, 0xa0, 0, 0, 0, 0x40, ...EMPTY_LAST_BLOCK])), 2 ** 30);
	t.is(largestWindow(Buffer.from([...MAGIC, 0xe0, 0, 0, 0, 0, 0, 0, 1, 0, ...EMPTY_LAST_BLOCK])), 2 ** 48);
});

test("every frame counts, behind blocks, checksums and frames that are skipped", (t) => {
	const small = [...MAGIC, 4, 0, ...REPEATED_BYTE_THEN_LAST, ...CHECKSUM];
	const skipped = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, ...[1, 2, 3]];
	const large = [...MAGIC, 0, 20 << 3, ...EMPTY_LAST_BLOCK];
	t.is(largestWindow(Buffer.from(small)), 1024);
	t.is(largestWindow(Buffer.from([...small, ...skipped, ...large])), 2 ** 30);
	t.is(largestWindow(Buffer.from([...skipped, ...small, ...small])), 1024);
});

test("what is cut short or no frame at all ends the walk", (t) => {
	const whole = [...MAGIC, 0xc0, 20 << 3, 0, 0, 0, 0, 0, 0, 0, 0, ...EMPTY_LAST_BLOCK];
	t.is(largestWindow(Buffer.from(whole)), 2 ** 30);
	for (let length = 0; length < 14; length++) t.is(largestWindow(Buffer.from(whole.slice(0, length))), 0, `${length}`);
	t.is(largestWindow(Buffer.from("no frame at all")), 0);
	t.is(largestWindow(Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, ...whole])), 0);
});

test("the content's size is what the first frame says", (t) => {
	t.is(zstdContentSize(Buffer.from([...MAGIC, 0x20, 77, ...EMPTY_LAST_BLOCK])), 77);
	t.is(zstdContentSize(Buffer.from([...MAGIC, 0x60, 0, 1, ...EMPTY_LAST_BLOCK])), 512);
	t.is(zstdContentSize(Buffer.from([...MAGIC, 0x80, 0, 4, 3, 2, 1, ...EMPTY_LAST_BLOCK])), 0x01020304);
	t.is(zstdContentSize(Buffer.from([...MAGIC, 0, 17 << 3, ...EMPTY_LAST_BLOCK])), undefined);
	t.is(zstdContentSize(Buffer.from([...MAGIC, 0xc0])), undefined);
	t.is(zstdContentSize(Buffer.from("no frame at all")), undefined);
	t.is(zstdContentSize(Buffer.alloc(0)), undefined);
});
