// Compressed files: what their headers say about the content, which is read before a decoder starts.

import { parseCompressed, type XzFile } from "../../../../src/libkmod/formats/compressed-file.js";
import { crc32 } from "../../../../src/libkmod/formats/crc32.js";
import { Damage } from "../../../../src/libkmod/formats/damage.js";
import { parseGzipHeader } from "../../../../src/libkmod/formats/gzip-member.js";
import {
	parseXz,
	parseXzStream,
	withDictionariesThatFit,
	xzContentSize,
} from "../../../../src/libkmod/formats/xz-file.js";
import { parseZstd, parseZstdFrame, withWindowsThatFit } from "../../../../src/libkmod/formats/zstd-frames.js";
import { ZstdWindows } from "../../../../src/libkmod/formats/zstd-windows.js";
import { LARGEST_WINDOW_BYTES, MOST_PARTS } from "../../../../src/libkmod/kernel/bounds.js";
import type { Random } from "../../worlds/random-numbers.js";
import { expect, expectSame, type Field, type FuzzFormat, type Verdict } from "../format.js";

const refusing = (read: () => void): Verdict => {
	try {
		read();
		return "accepted";
	} catch (error) {
		if (error instanceof Damage) return "refused";
		throw error;
	}
};

const varint = (value: number): number[] =>
	value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];

const withCrc = (bytes: Buffer): Buffer => {
	const crc = Buffer.alloc(4);
	crc.writeUInt32LE(crc32(bytes));
	return Buffer.concat([bytes, crc]);
};
const padded = (bytes: readonly number[]): Buffer =>
	Buffer.from([...bytes, ...Array<number>((4 - (bytes.length % 4)) % 4).fill(0)]);

/** A block of chunks that are stored, not compressed. Its header may begin with the block's sizes. */
function xzBlock(chunks: readonly Buffer[], dictionary: number, numbers: readonly number[] = []): Buffer {
	const fields = padded([0, numbers.length === 0 ? 0 : 0x40, ...numbers, 0x21, 1, dictionary]);
	fields[0] = fields.length / 4;
	const data = chunks.flatMap((chunk) => [1, (chunk.length - 1) >> 8, (chunk.length - 1) & 255, ...chunk]);
	return Buffer.concat([withCrc(fields), padded([...data, 0])]);
}

/** The index need not fit the blocks: the decoder compares the two. */
function xzStream(blocks: readonly Buffer[]): Buffer {
	const flags = Buffer.from([0, 0]);
	const index = withCrc(
		padded([0, ...varint(blocks.length), ...blocks.flatMap(({ length }) => [...varint(length), 1])]),
	);
	const backward = Buffer.alloc(4);
	backward.writeUInt32LE(index.length / 4 - 1);
	const footer = withCrc(Buffer.concat([backward, flags]));
	return Buffer.concat([
		...[Buffer.from("fd377a585a00", "hex"), withCrc(flags), ...blocks, index],
		...[footer.subarray(-4), footer.subarray(0, 6), Buffer.from("YZ")],
	]);
}

const xz: FuzzFormat = {
	name: "xz files",
	sources: ["xz-file", "compressed-file", "crc32", "damage"].map((name) => `src/libkmod/formats/${name}.ts`),
	readers: ["parseXz", "parseXzStream", "parseCompressed"],
	accepted: "streams whose content fits into memory by a dictionary no larger than that",
	refused: "Damage, which says why",
	kind: "bytes",
	fields: (input) => [
		...Array.from({ length: 24 }, (_, back): Field => ({ at: input.length - 12 - back, size: 1, bigEndian: false })),
		...Array.from({ length: 24 }, (_, at): Field => ({ at: 12 + at, size: 1, bigEndian: false })),
	],
	sound: 3,
	sample: (random) =>
		Buffer.concat(
			Array.from({ length: 1 + random.below(2) }, () =>
				Buffer.concat([
					xzStream(
						Array.from({ length: random.below(4) }, () =>
							xzBlock(
								Array.from({ length: random.below(3) }, () => random.bytes(1 + random.below(600))),
								random.below(41),
							),
						),
					),
					Buffer.alloc(4 * random.below(3)),
				]),
			),
		),
	read(input) {
		return refusing(() => {
			const file = parseCompressed("xz", input);
			const { streams } = file as XzFile;
			const size = xzContentSize(streams);
			const first = parseXzStream(Buffer.concat([input, Buffer.from("070701")]));
			expectSame(first.stream, streams[0], "another first stream");
			expect(first.end <= input.length, `a stream that ends at ${first.end}`);
			expect(Number.isSafeInteger(size) && size <= input.length * 2 ** 21, `a size of ${size}`);
			const fitted = parseXz(withDictionariesThatFit(input, streams, 0));
			expectSame(xzContentSize(fitted), size, "another size");
			for (const { dictionary, size: of } of fitted.flatMap(({ blocks }) => blocks))
				expect(dictionary <= Math.max(4096, 2 * of), `a dictionary of ${dictionary} for ${of}`);
		});
	},
	limits: [
		{
			bound: "bytes of a number",
			n: 9,
			make: (n) => xzStream([xzBlock([], 0, [...Array<number>(n - 1).fill(0x80), 0])]),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "bytes of a stream",
			n: 31,
			make: (n) => xzStream([]).subarray(0, n),
			within: "refused",
			beyond: "accepted",
		},
		{
			bound: "streams and blocks",
			n: MOST_PARTS,
			make: (n) => xzStream(Array<Buffer>(n - 1).fill(xzBlock([], 0))),
			within: "accepted",
			beyond: "refused",
		},
		{ bound: "a dictionary", n: 40, make: (n) => xzStream([xzBlock([], n)]), within: "accepted", beyond: "refused" },
	],
};

const gzip: FuzzFormat = {
	name: "gzip headers",
	sources: ["gzip-member", "crc32", "damage"].map((name) => `src/libkmod/formats/${name}.ts`),
	readers: ["parseGzipHeader"],
	accepted: "where the data begin",
	refused: "Damage, which says why",
	kind: "bytes",
	fields: () => [
		{ at: 3, size: 1, bigEndian: false },
		{ at: 10, size: 2, bigEndian: false },
	],
	sound: 2,
	sample: (random) =>
		Buffer.concat([Buffer.from([0x1f, 0x8b, 8, random.below(32), 0, 0, 0, 0, 0, 3]), random.bytes(random.below(40))]),
	read(input) {
		return refusing(() => {
			const { size } = parseGzipHeader(input);
			expect(size >= 10 && size <= input.length, `a header of ${size} bytes`);
		});
	},
	limits: [
		{
			bound: "bytes of a header",
			n: 9,
			make: (n) => Buffer.from("1f8b0800000000000003".padEnd(24, "0"), "hex").subarray(0, n),
			within: "refused",
			beyond: "accepted",
		},
	],
};

/** Pieces of one byte, two bytes and so on. */
function readInPieces(input: Buffer): void {
	const windows = new ZstdWindows();
	for (let at = 0, size = 1; at < input.length; at += size++) windows.push(input.subarray(at, at + size));
	windows.end();
}

function zstdFrame(random: Random): Buffer {
	const blocks = Array.from({ length: random.below(3) }, () => {
		const data = random.bytes(random.below(9));
		return Buffer.concat([Buffer.from([data.length << 3, 0, 0]), data]);
	});
	const single = random.below(2) === 0;
	const descriptor = (single ? 0x20 : 0) | (random.below(2) << 2) | (random.below(8) === 0 ? random.below(16) : 0);
	const size = blocks.reduce((sum, block) => sum + block.length - 3, 0);
	return Buffer.concat([
		Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, single ? size : random.below(256)]),
		random.bytes([0, 1, 2, 4][descriptor & 3]!),
		...blocks,
		Buffer.from([1, 0, 0]),
		Buffer.alloc((descriptor & 4) !== 0 ? 4 : 0),
	]);
}

const zstd: FuzzFormat = {
	name: "zstd frames",
	sources: ["zstd-frames", "zstd-windows"].map((name) => `src/libkmod/formats/${name}.ts`),
	readers: ["parseZstd", "parseZstdFrame"],
	accepted: "frames one behind the other, with windows that fit into memory",
	refused: "Damage, which says why",
	kind: "bytes",
	fields: () => [
		{ at: 4, size: 1, bigEndian: false },
		{ at: 5, size: 4, bigEndian: false },
		{ at: 8, size: 4, bigEndian: false },
	],
	sound: 2,
	sample(random) {
		const skipped = Buffer.from([0x50 + random.below(16), 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);
		return Buffer.concat([zstdFrame(random), ...(random.below(3) === 0 ? [skipped, zstdFrame(random)] : [])]);
	},
	read(input) {
		const pieces = refusing(() => readInPieces(input));
		return refusing(() => {
			const frames = parseZstd(input);
			if (frames[0]?.start === 0)
				expectSame(parseZstdFrame(Buffer.concat([input, Buffer.from("070701")])), frames[0], "another first frame");
			const isModest = frames.every(({ window }) => window <= LARGEST_WINDOW_BYTES);
			expect(pieces === (isModest ? "accepted" : "refused"), `in pieces it is ${pieces}`);
			let last = 0;
			for (const { start, end, window, most } of frames) {
				expect(start >= last && end > start && end <= input.length, "a frame is not within the file");
				expect(Number.isFinite(window) && most <= input.length * 2 ** 21, `a window of ${window} for ${most}`);
				last = end;
			}
			const fitted = parseZstd(withWindowsThatFit(input, frames, 0));
			expectSame(
				fitted.map(({ end }) => end),
				frames.map(({ end }) => end),
				"other frames",
			);
			for (const { window, windowAt, most } of fitted)
				expect(windowAt === undefined || window <= Math.max(2 ** 18, 2 * most), `a window of ${window} for ${most}`);
		});
	},
	limits: [
		{
			bound: "bytes of a frame",
			n: 8,
			make: (n) => Buffer.from("28b52ffd0000010000", "hex").subarray(0, n),
			within: "refused",
			beyond: "accepted",
		},
		{
			bound: "frames",
			n: MOST_PARTS,
			make: (n) => Buffer.concat(Array<Buffer>(n).fill(Buffer.from("28b52ffd0000010000", "hex"))),
			within: "accepted",
			beyond: "refused",
		},
	],
};

export const compressionFormats: readonly FuzzFormat[] = [xz, gzip, zstd];
