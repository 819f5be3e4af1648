// Follows the frames of a zstd file as it is read piece by piece (RFC 8878, section 3.1), ahead of a decoder that allocates whatever
// window a frame declares.

import { LARGEST_WINDOW_BYTES } from "../kernel/bounds.js";
import { cut, damaged, unsupported } from "./damage.js";
import { FRAME_MAGIC, headerOfFrame, SKIPPABLE_MAGIC } from "./zstd-frames.js";

/** The longest header: magic, descriptor, window, dictionary, size of the content. */
const LONGEST_HEADER_BYTES = 18;
const MAGIC_BYTES = 4;
/** Magic, and the number of bytes behind it. */
const SKIPPABLE_HEADER_BYTES = 8;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const REPEATED_BYTE = 1;

/** What comes next in the file: the header of a frame or of a block, or bytes that are passed over before that. */
type Expected = "frame" | "block";

export class ZstdWindows {
	#expected: Expected = "frame";
	/** Bytes that are still to be passed over. */
	#passing = 0;
	/** The first bytes of a header. */
	#held = Buffer.alloc(0);
	#hasChecksum = false;

	/** Looks at the next piece of the file. @throws {Damage} for a window of more than 128 MiB, and for what is no zstd */
	push(piece: Uint8Array): void {
		let rest = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
		while (rest.length > 0) {
			if (this.#passing > 0) rest = this.#pass(rest);
			else rest = this.#collect(rest);
		}
	}

	/** Called when the file has ended. @throws {Damage} when it is cut off */
	end(): void {
		if (this.#expected === "block" || this.#passing > 0 || this.#held.length > 0) throw cut();
	}

	#pass(bytes: Buffer): Buffer {
		const passed = Math.min(bytes.length, this.#passing);
		this.#passing -= passed;
		return bytes.subarray(passed);
	}

	/** Adds as many bytes as the header may have, reads it if it is whole, and returns the bytes behind it. */
	#collect(bytes: Buffer): Buffer {
		const most = this.#expected === "frame" ? LONGEST_HEADER_BYTES : BLOCK_HEADER_BYTES;
		const known = this.#held.length;
		const all = Buffer.concat([this.#held, bytes.subarray(0, most - known)]);
		const size = this.#expected === "frame" ? this.#readFrame(all) : this.#readBlock(all);
		this.#held = size === undefined ? all : Buffer.alloc(0);
		return bytes.subarray((size ?? all.length) - known);
	}

	/** The size of a frame's header. Undefined when there are too few bytes of it. */
	#readFrame(bytes: Buffer): number | undefined {
		if (bytes.length < MAGIC_BYTES) return undefined;
		const magic = bytes.readUInt32LE(0);
		if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
			if (bytes.length < SKIPPABLE_HEADER_BYTES) return undefined;
			this.#passing = bytes.readUInt32LE(MAGIC_BYTES);
			return SKIPPABLE_HEADER_BYTES;
		}
		if (magic !== FRAME_MAGIC) throw damaged();
		const descriptor = bytes[MAGIC_BYTES];
		if (descriptor === undefined || bytes.length < headerSize(descriptor)) return undefined;
		const { size, window, checksum } = headerOfFrame(bytes, 0);
		if (window > LARGEST_WINDOW_BYTES) throw unsupported("a window of more than 128 MiB");
		this.#hasChecksum = checksum;
		this.#expected = "block";
		return size;
	}

	#readBlock(bytes: Buffer): number | undefined {
		if (bytes.length < BLOCK_HEADER_BYTES) return undefined;
		const header = bytes.readUIntLE(0, BLOCK_HEADER_BYTES);
		const isLast = (header & 1) === 1;
		this.#passing = ((header >> 1) & 3) === REPEATED_BYTE ? 1 : header >> 3;
		if (isLast && this.#hasChecksum) this.#passing += CHECKSUM_BYTES;
		if (isLast) this.#expected = "frame";
		return BLOCK_HEADER_BYTES;
	}
}

/** By a frame's descriptor. */
function headerSize(descriptor: number): number {
	const singleSegment = (descriptor & 0x20) !== 0;
	const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
	return 5 + (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + contentSize;
}
