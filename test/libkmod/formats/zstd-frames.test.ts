import test from "ava";
import { parseZstd, withWindowsThatFit, zstdContentSize } from "../../../src/libkmod/formats/zstd-frames.js";

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const EMPTY_LAST_BLOCK = [1, 0, 0];
const REPEATED_BYTE_THEN_LAST = [(5 << 3) | 2, 0, 0, 65, ...EMPTY_LAST_BLOCK];
const CHECKSUM = [9, 9, 9, 9];
const windows = (bytes: readonly number[]) => parseZstd(Buffer.from(bytes)).map(({ window }) => window);
/** The message of the error that keeps the bytes from being read. */
const fault = (bytes: readonly number[]): string => {
	try {
		return `${parseZstd(Buffer.from(bytes)).length} frames`;
	} catch (error) {
		return (error as Error).message;
	}
};

test("the window is the frame's own, or its content's size where it is one segment", (t) => {
	const frame = (...header: readonly number[]) => windows([...MAGIC, ...header, ...EMPTY_LAST_BLOCK])[0];
	t.is(frame(0, 17 << 3), 2 ** 27);
	t.is(frame(0, (10 << 3) | 4), 2 ** 20 * 1.5);
	const content = (size: number) => [((size << 3) & 0xff) | 1, (size << 3) >> 8, 0, ...Buffer.alloc(size)];
	t.deepEqual(windows([...MAGIC, 0x20, 77, ...content(77)]), [77]);
	t.deepEqual(windows([...MAGIC, 0x60, 0, 1, ...content(512)]), [512]);
});

test("every frame counts, behind blocks, checksums and frames that are skipped", (t) => {
	const small = [...MAGIC, 4, 0, ...REPEATED_BYTE_THEN_LAST, ...CHECKSUM];
	const skipped = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, ...[1, 2, 3]];
	const large = [...MAGIC, 0, 20 << 3, ...EMPTY_LAST_BLOCK];
	t.deepEqual(windows(small), [1024]);
	t.deepEqual(windows([...small, ...skipped, ...large]), [1024, 2 ** 30]);
	t.deepEqual(windows([...skipped, ...small, ...small]), [1024, 1024]);
	const [frame] = parseZstd(Buffer.from([...skipped, ...small]));
	t.like(frame, { start: skipped.length, end: skipped.length + small.length, most: 5, checksum: 0x09090909 });
});

test("what is cut short, damaged, or no frame at all is told apart", (t) => {
	const whole = [...MAGIC, 4, 20 << 3, ...REPEATED_BYTE_THEN_LAST, ...CHECKSUM];
	for (let length = 1; length < whole.length; length++)
		t.is(fault(whole.slice(0, length)), "its end is missing", `${length}`);
	t.is(fault(whole), "1 frames");
	t.is(fault([...whole, ...MAGIC.slice(0, 3)]), "its end is missing");
	t.is(fault([0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, ...whole]), "its end is missing");
	for (const behind of [[0], [0x28, 0xb4], [...Buffer.from("rubbish")]])
		t.is(fault([...whole, ...behind]), "other data follows its end");
	t.is(fault([...Buffer.from("no frame at all")]), "its data or their checksum is damaged");
	t.is(fault([...MAGIC, 0, 0, 7, 0, 0]), "its data or their checksum is damaged", "a reserved kind of block");
	// Block_Maximum_Size is the window, or 128 KiB where that is less (RFC 8878, section 3.1.1.2.4).
	for (const [window, most] of [
		[0, 2 ** 10],
		[10 << 3, 2 ** 17],
	] as const)
		for (const size of [most, most + 1]) {
			const repeated = [...[0, 8, 16].map((shift) => (((size << 3) | 3) >> shift) & 0xff), 65];
			const found = fault([...MAGIC, 0, window, ...repeated]);
			t.is(found, size === most ? "1 frames" : "its data or their checksum is damaged", `${size} of ${most}`);
		}
	for (const size of [
		[0xa0, 0, 0, 0, 0x40],
		[0xe0, 0, 0, 0, 0, 0, 0, 1, 0],
	])
		t.is(fault([...MAGIC, ...size, ...EMPTY_LAST_BLOCK]), "its data or their checksum is damaged", "too few blocks");
	t.is(fault([...MAGIC, 0x01, 0, 7, ...EMPTY_LAST_BLOCK]), "a dictionary apart is not supported");
});

test("a window larger than all content says less of itself", (t) => {
	const large = Buffer.from([...MAGIC, 0, 20 << 3, ...REPEATED_BYTE_THEN_LAST]);
	const fitInto = (enough: number) => withWindowsThatFit(large, parseZstd(large), enough);
	t.is(fitInto(2 ** 30), large);
	t.deepEqual(
		parseZstd(fitInto(2 ** 27)).map(({ window }) => window),
		[2 ** 17],
	);
	t.is(large[5], 20 << 3, "the file itself is left as it is");
});

test("the content's size is what the first frame says", (t) => {
	t.is(zstdContentSize(Buffer.from([...MAGIC, 0x20, 77, ...EMPTY_LAST_BLOCK])), 77);
	t.is(zstdContentSize(Buffer.from([...MAGIC, 0x60, 0, 1, ...EMPTY_LAST_BLOCK])), 512);
	t.is(zstdContentSize(Buffer.from([...MAGIC, 0x80, 0, 4, 3, 2, 1, ...EMPTY_LAST_BLOCK])), 0x01020304);
	t.is(zstdContentSize(Buffer.from([...MAGIC, 0, 17 << 3, ...EMPTY_LAST_BLOCK])), undefined);
	t.is(zstdContentSize(Buffer.from("no frame at all")), undefined);
	t.is(zstdContentSize(Buffer.alloc(0)), undefined);
});
