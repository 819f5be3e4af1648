// The frames and blocks of a zstd file, walked over without decoding them (RFC 8878, section 3.1): what a decoder would need.

const FRAME = 0xfd2fb528;
const SKIPPABLE_FRAME = 0x184d2a50;
const REPEATED_BYTE = 1;

/**
 * The most memory, in bytes, that any frame asks a decoder to keep. A frame may ask for more than a machine has, in a few bytes.
 * What is malformed is left to the decoder to find: the walk ends there.
 */
export function largestWindow(packed: Buffer): number {
	let largest = 0;
	for (let at = 0; at + 8 <= packed.length; ) {
		const magic = packed.readUInt32LE(at);
		if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_FRAME) {
			at += 8 + packed.readUInt32LE(at + 4);
			continue;
		}
		const header = magic === FRAME ? readFrameHeader(packed, at) : undefined;
		if (!header) break;
		largest = Math.max(largest, header.window);
		at = endOfBlocks(packed, at + header.size) + (header.checksum ? 4 : 0);
	}
	return largest;
}

/** The first frame's content in bytes as it is said to be; undefined where it is not said. */
export function zstdContentSize(packed: Buffer): number | undefined {
	return packed.length >= 8 && packed.readUInt32LE(0) === FRAME ? readFrameHeader(packed, 0)?.contentSize : undefined;
}

function readFrameHeader(packed: Buffer, at: number) {
	const descriptor = packed[at + 4]!;
	const singleSegment = (descriptor & 0x20) !== 0;
	const dictionarySize = [0, 1, 2, 4][descriptor & 3]!;
	const contentSizeSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
	const contentSizeAt = at + 5 + (singleSegment ? 0 : 1) + dictionarySize;
	const size = contentSizeAt + contentSizeSize - at;
	if (at + size > packed.length) return undefined;
	const contentSize = contentSizeSize === 0 ? undefined : readContentSize(packed, contentSizeAt, contentSizeSize);
	const window = singleSegment ? (contentSize ?? 0) : windowOf(packed[at + 5]!);
	return { size, window, contentSize, checksum: (descriptor & 4) !== 0 };
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

function endOfBlocks(packed: Buffer, start: number): number {
	let at = start;
	while (at + 3 <= packed.length) {
		const header = packed.readUIntLE(at, 3);
		const repeated = ((header >> 1) & 3) === REPEATED_BYTE;
		at += 3 + (repeated ? 1 : header >> 3);
		if ((header & 1) === 1) break;
	}
	return at;
}
