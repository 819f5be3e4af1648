// The indexes in an xz file (the .xz File Format, sections 2 and 4), read from its end: how large the content is said to be,
// before any of it is decoded. Only a decoder finds out whether that is true.

const HEADER_SIZE = 12;
const FOOTER_SIZE = 12;
const FOOTER_MAGIC = 0x5a59;
/** In bytes, of 7 bits each. */
const LONGEST_NUMBER = 9;

/** The content's size in bytes; undefined where the file does not consist of whole streams, as when it was cut short. */
export function xzContentSize(packed: Buffer): number | undefined {
	let size = 0;
	let end = packed.length;
	do {
		end = withoutPadding(packed, end);
		const stream = readStream(packed, end);
		if (stream === undefined || stream.start < 0) return undefined;
		size += stream.contentSize;
		end = stream.start;
	} while (end > 0);
	return size;
}

/** Behind a stream there may be zeros, four at a time. */
function withoutPadding(packed: Buffer, end: number): number {
	let at = end;
	while (at >= 4 && packed.readUInt32LE(at - 4) === 0) at -= 4;
	return at;
}

/** The stream that ends there: where it begins, and its content's size. */
function readStream(packed: Buffer, end: number): { start: number; contentSize: number } | undefined {
	const footer = end - FOOTER_SIZE;
	if (footer < 0 || packed.readUInt16LE(footer + 10) !== FOOTER_MAGIC) return undefined;
	const index = footer - (packed.readUInt32LE(footer + 4) + 1) * 4;
	if (index < 0 || packed[index] !== 0) return undefined;
	const blocks = readBlocks(packed.subarray(index + 1, footer));
	return blocks && { start: index - blocks.size - HEADER_SIZE, contentSize: blocks.contentSize };
}

function readBlocks(records: Buffer): { size: number; contentSize: number } | undefined {
	const reader = { at: 0 };
	const count = readNumber(records, reader);
	if (count === undefined) return undefined;
	const blocks = { size: 0, contentSize: 0 };
	for (let block = 0; block < count; block++) {
		const unpadded = readNumber(records, reader);
		const content = readNumber(records, reader);
		if (unpadded === undefined || content === undefined) return undefined;
		blocks.size += Math.ceil(unpadded / 4) * 4;
		blocks.contentSize += content;
	}
	return blocks;
}

function readNumber(records: Buffer, reader: { at: number }): number | undefined {
	let value = 0;
	for (let place = 0; place < LONGEST_NUMBER; place++) {
		const byte = records[reader.at++];
		if (byte === undefined) return undefined;
		value += (byte & 0x7f) * 2 ** (7 * place);
		if (byte < 0x80) return value;
	}
	return undefined;
}
