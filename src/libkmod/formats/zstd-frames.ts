// Parses the frames and blocks of a zstd file without decoding them (RFC 8878, section 3.1): the data that a decoder needs, and
// where the file is damaged or truncated.

import { MOST_PARTS } from "../kernel/bounds.js";
import { cut, damaged, tooManyParts, trailing, unsupported } from "./damage.js";

export type ZstdFrame = {
	/** Offset of the frame in the file, and of its end. */
	readonly start: number;
	readonly end: number;
	/** Declared size of the window in bytes: how far back the data may refer. */
	readonly window: number;
	/** Offset of the window descriptor. Undefined when the window is the whole content (a single segment). */
	readonly windowAt: number | undefined;
	/** Declared size of the content in bytes. Undefined when the frame does not declare it. */
	readonly contentSize: number | undefined;
	/** Upper bound on the size of the content in bytes, from the blocks. */
	readonly most: number;
	/** The lower 32 bits of the content's XXH64. Undefined when the frame has no checksum. */
	readonly checksum: number | undefined;
};

/** The first four bytes of a frame, and of a skippable frame without its lowest four bits, as a number. */
export const FRAME_MAGIC = 0xfd2fb528;
export const SKIPPABLE_MAGIC = 0x184d2a50;
const REPEATED_BYTE = 1;
const COMPRESSED = 2;
const RESERVED = 3;
const LARGEST_BLOCK_BYTES = 2 ** 17;

/** The frames with content. Skippable frames are ignored. @throws {Damage} */
export function parseZstd(packed: Buffer): readonly ZstdFrame[] {
	const frames: ZstdFrame[] = [];
	for (let at = 0; at < packed.length; ) {
		if (at + 4 > packed.length) throw frames.length > 0 && !isFrame(packed.subarray(at)) ? trailing() : cut();
		const magic = packed.readUInt32LE(at);
		if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
			if (at + 8 > packed.length) throw cut();
			at += 8 + packed.readUInt32LE(at + 4);
			if (at > packed.length) throw cut();
			continue;
		}
		if (magic !== FRAME_MAGIC) throw frames.length === 0 ? damaged() : trailing();
		if (frames.length === MOST_PARTS) throw tooManyParts("frames");
		const frame = parseFrame(packed, at);
		frames.push(frame);
		at = frame.end;
	}
	return frames;
}

/** The first frame, at the beginning: other data may follow it. @throws {Damage} */
export function parseZstdFrame(packed: Buffer): ZstdFrame {
	if (packed.length < 4) throw cut();
	if (packed.readUInt32LE(0) !== FRAME_MAGIC) throw damaged();
	return parseFrame(packed, 0);
}

/** Whether these few bytes may be the beginning of a frame. */
function isFrame(bytes: Buffer): boolean {
	return Buffer.from("28b52ffd", "hex").subarray(0, bytes.length).equals(bytes);
}

function parseFrame(packed: Buffer, start: number): ZstdFrame {
	const header = headerOfFrame(packed, start);
	const blocks = walkBlocks(packed, start + header.size, Math.min(header.window, LARGEST_BLOCK_BYTES));
	const end = blocks.end + (header.checksum ? 4 : 0);
	if (end > packed.length) throw cut();
	const { window, windowAt, contentSize } = header;
	if (contentSize !== undefined && contentSize > blocks.most) throw damaged();
	const checksum = header.checksum ? packed.readUInt32LE(blocks.end) : undefined;
	return { start, end, window, windowAt, contentSize, most: blocks.most, checksum };
}

/** Declared size of the first frame's content in bytes. Undefined when the frame does not declare it. */
export function zstdContentSize(packed: Buffer): number | undefined {
	return packed.length >= 8 && packed.readUInt32LE(0) === FRAME_MAGIC
		? headerOfFrame(packed, 0).contentSize
		: undefined;
}

/** Parses the header of a frame, whose first byte is at `at`. @throws {Damage} when it is cut off, too */
export function headerOfFrame(packed: Buffer, at: number) {
	const descriptor = packed[at + 4];
	if (descriptor === undefined) throw cut();
	const singleSegment = (descriptor & 0x20) !== 0;
	const dictionarySize = [0, 1, 2, 4][descriptor & 3]!;
	const contentSizeSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
	const dictionaryAt = at + 5 + (singleSegment ? 0 : 1);
	const contentSizeAt = dictionaryAt + dictionarySize;
	const size = contentSizeAt + contentSizeSize - at;
	if (at + size > packed.length) throw cut();
	if ((descriptor & 0x08) !== 0) throw unsupported("a frame of an unknown kind");
	if (packed.subarray(dictionaryAt, contentSizeAt).some((byte) => byte !== 0)) throw unsupported("a dictionary apart");
	const contentSize = contentSizeSize === 0 ? undefined : readContentSize(packed, contentSizeAt, contentSizeSize);
	const windowAt = singleSegment ? undefined : at + 5;
	const window = windowAt === undefined ? (contentSize ?? 0) : windowOf(packed[windowAt]!);
	return { size, window, windowAt, contentSize, checksum: (descriptor & 4) !== 0 };
}

function windowOf(descriptor: number): number {
	const base = 2 ** (10 + (descriptor >> 3));
	return base + (base / 8) * (descriptor & 7);
}

function readContentSize(packed: Buffer, at: number, size: number): number {
	if (size === 1) return packed.readUInt8(at);
	if (size === 2) return packed.readUInt16LE(at) + 256;
	if (size === 4) return packed.readUInt32LE(at);
	return Number(packed.readBigUInt64LE(at));
}

function walkBlocks(packed: Buffer, start: number, largest: number): { end: number; most: number } {
	let at = start;
	let most = 0;
	for (let last = false; !last; ) {
		if (at + 3 > packed.length) throw cut();
		const header = packed.readUIntLE(at, 3);
		const type = (header >> 1) & 3;
		if (type === RESERVED || header >> 3 > largest) throw damaged();
		at += 3 + (type === REPEATED_BYTE ? 1 : header >> 3);
		most += type === COMPRESSED ? largest : header >> 3;
		last = (header & 1) === 1;
		if (at > packed.length) throw cut();
	}
	return { end: at, most };
}

/**
 * Makes a copy for decoders that allocate a whole window. A window larger than both `enough` and the upper bound on the content
 * is declared smaller, but large enough for the content.
 */
export function withWindowsThatFit(packed: Buffer, frames: readonly ZstdFrame[], enough: number): Buffer {
	let copy: Buffer | undefined;
	for (const { window, windowAt, most } of frames) {
		if (windowAt === undefined || window <= enough || most >= window) continue;
		copy ??= Buffer.from(packed);
		let power = 0;
		// The window must still allow the largest block.
		while (windowOf(power << 3) < Math.max(most, LARGEST_BLOCK_BYTES)) power++;
		copy[windowAt] = power << 3;
	}
	return copy ?? packed;
}
