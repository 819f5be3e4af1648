// Parses an .xz file without decoding it (The .xz File Format 1.2, and the chunks of LZMA2): the data that a decoder needs, and
// where the file is damaged or truncated.

import { MOST_PARTS } from "../kernel/bounds.js";
import { crc32 } from "./crc32.js";
import { cut, damaged, tooManyParts, trailing, unsupported } from "./damage.js";

export type XzStream = {
	/** The integrity check of the content: 0 none, 1 CRC32, 4 CRC64, 10 SHA-256. */
	readonly check: number;
	readonly blocks: readonly XzBlock[];
};

export type XzBlock = {
	/** The ids of the filters; the last is LZMA2. */
	readonly filters: readonly number[];
	/** Size of the dictionary in bytes. */
	readonly dictionary: number;
	/** Offset and size of the block header, and the offset of the byte that encodes the size of the dictionary. */
	readonly start: number;
	readonly headerSize: number;
	readonly dictionaryAt: number;
	/** Size of the content in bytes, the sum over its chunks. */
	readonly size: number;
};

const MAGIC = Buffer.from("fd377a585a00", "hex");
const FOOTER_MAGIC = Buffer.from("YZ");
const HEADER_SIZE = 12;
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const LZMA2 = 0x21;
/** Bytes of the longest number, with 7 bits each. */
const LONGEST_NUMBER = 9;

/** The streams of the file. @throws {Damage} */
export function parseXz(packed: Buffer): readonly XzStream[] {
	try {
		return new Walk(packed).streams();
	} catch (error) {
		// A wrong length leads beyond the end of the file although the footer is there: then the file is damaged, not
		// truncated.
		const end = packed.subarray(0, endOfPadding(packed));
		if (error === CUT && end.subarray(-2).equals(FOOTER_MAGIC)) throw damaged();
		throw error === CUT ? cut() : error;
	}
}

/** The first stream, and the offset of its end: other data may follow it. @throws {Damage} */
export function parseXzStream(packed: Buffer): { readonly stream: XzStream; readonly end: number } {
	try {
		return new Walk(packed).first();
	} catch (error) {
		throw error === CUT ? cut() : error;
	}
}

/** Size of the content in bytes, as the chunks declare it. Only a decoder finds out whether that is true. */
export function xzContentSize(streams: readonly XzStream[]): number {
	return streams.reduce((sum, { blocks }) => blocks.reduce((all, { size }) => all + size, sum), 0);
}

/** The end without padding: zeros may follow a stream, four at a time. */
function endOfPadding(packed: Buffer): number {
	let end = packed.length;
	while (end >= 4 && packed.readUInt32LE(end - 4) === 0) end -= 4;
	return end;
}

const CUT = new Error("the data ends early");

class Walk {
	readonly #packed: Buffer;
	#at = 0;
	#parts = 0;

	constructor(packed: Buffer) {
		this.#packed = packed;
	}

	streams(): readonly XzStream[] {
		const streams = [this.#stream()];
		for (;;) {
			while (this.#at + 4 <= this.#packed.length && this.#packed.readUInt32LE(this.#at) === 0) this.#at += 4;
			const left = this.#packed.subarray(this.#at, this.#at + MAGIC.length);
			if (left.length === 0) return streams;
			if (!left.equals(MAGIC.subarray(0, left.length))) throw trailing();
			streams.push(this.#stream());
		}
	}

	first(): { readonly stream: XzStream; readonly end: number } {
		const stream = this.#stream();
		return { stream, end: this.#at };
	}

	#stream(): XzStream {
		this.#countPart();
		const header = this.#take(HEADER_SIZE);
		if (!header.subarray(0, 6).equals(MAGIC) || crc32(header.subarray(6, 8)) !== header.readUInt32LE(8))
			throw damaged();
		const check = header[7]!;
		if (header[6] !== 0 || check > 15) throw unsupported("a stream of an unknown kind");
		const blocks: XzBlock[] = [];
		while (this.#peek() !== 0) blocks.push(this.#block(check));
		const index = this.#index();
		const footer = this.#take(HEADER_SIZE);
		const same = footer.subarray(8, 10).equals(header.subarray(6, 8)) && (footer.readUInt32LE(4) + 1) * 4 === index;
		if (!same || !footer.subarray(10).equals(FOOTER_MAGIC) || crc32(footer.subarray(4, 10)) !== footer.readUInt32LE(0))
			throw damaged();
		return { check, blocks };
	}

	/** Limits the number of streams and blocks. Each becomes an object: two gigabytes of empty ones would fill all memory. */
	#countPart(): void {
		if (this.#parts === MOST_PARTS) throw tooManyParts("streams and blocks");
		this.#parts++;
	}

	#block(check: number): XzBlock {
		this.#countPart();
		const start = this.#at;
		const headerSize = (this.#peek() + 1) * 4;
		const header = this.#take(headerSize);
		const fields = header.subarray(0, -4);
		if (crc32(fields) !== header.readUInt32LE(headerSize - 4)) throw damaged();
		const flags = header[1]!;
		if ((flags & 0x3c) !== 0) throw unsupported("a block of an unknown kind");
		const reader = new Walk(fields);
		reader.#at = 2;
		for (const bit of [0x40, 0x80]) if (flags & bit) reader.#number();
		const filters: number[] = [];
		let dictionaryAt = 0;
		for (let left = (flags & 3) + 1; left > 0; left--) {
			filters.push(reader.#number());
			dictionaryAt = start + reader.#at + 1;
			reader.#skip(reader.#number());
		}
		if (filters.at(-1) !== LZMA2) throw unsupported("a filter other than LZMA2");
		const size = this.#chunks();
		this.#padding(start);
		this.#skip(CHECK_SIZES[check]!);
		return { filters, dictionary: dictionarySize(this.#packed[dictionaryAt]!), start, headerSize, dictionaryAt, size };
	}

	/** @returns the size of their content, in bytes */
	#chunks(): number {
		let size = 0;
		for (;;) {
			const control = this.#byte();
			if (control === 0) return size;
			if (control > 2 && control < 0x80) throw damaged();
			const content = this.#short() + 1 + (control < 0x80 ? 0 : (control & 0x1f) << 16);
			size += content;
			if (control < 0x80) this.#skip(content);
			else this.#skip(this.#short() + 1 + (control >= 0xc0 ? 1 : 0));
		}
	}

	/** @returns the size of the index in bytes */
	#index(): number {
		const start = this.#at;
		this.#skip(1);
		for (let left = 2 * this.#number(); left > 0; left--) this.#number();
		this.#padding(start);
		const index = this.#packed.subarray(start, this.#at);
		if (this.#take(4).readUInt32LE() !== crc32(index)) throw damaged();
		return this.#at - start;
	}

	#padding(start: number): void {
		while ((this.#at - start) % 4 !== 0) if (this.#byte() !== 0) throw damaged();
	}

	#number(): number {
		let value = 0;
		for (let place = 0; place < LONGEST_NUMBER; place++) {
			const byte = this.#byte();
			value += (byte & 0x7f) * 2 ** (7 * place);
			if (byte < 0x80) return value;
		}
		throw damaged();
	}

	#peek(): number {
		return this.#packed[this.#at] ?? fail();
	}

	#byte(): number {
		const byte = this.#peek();
		this.#at++;
		return byte;
	}

	/** Reads a big-endian number of two bytes. */
	#short(): number {
		const high = this.#byte();
		return (high << 8) | this.#byte();
	}

	#skip(size: number): void {
		if (this.#at + size > this.#packed.length) fail();
		this.#at += size;
	}

	#take(size: number): Buffer {
		const start = this.#at;
		this.#skip(size);
		return this.#packed.subarray(start, this.#at);
	}
}

function fail(): never {
	throw CUT;
}

const LARGEST_DICTIONARY_CODE = 40;

function dictionarySize(bits: number): number {
	if (bits > LARGEST_DICTIONARY_CODE) throw unsupported("a dictionary of that size");
	return bits === LARGEST_DICTIONARY_CODE ? 2 ** 32 - 1 : (2 | (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11);
}

/**
 * Makes a copy for decoders with bounded memory. A dictionary larger than `most` is declared only as large as its content
 * needs, and the header's CRC is updated.
 * @param most the largest dictionary, in bytes, that stays as it is
 */
export function withDictionariesThatFit(packed: Buffer, streams: readonly XzStream[], most: number): Buffer {
	let copy: Buffer | undefined;
	for (const { dictionary, size, dictionaryAt, start, headerSize } of streams.flatMap(({ blocks }) => blocks)) {
		if (dictionary <= most) continue;
		copy ??= Buffer.from(packed);
		let bits = 0;
		while (dictionarySize(bits) < size) bits++;
		copy[dictionaryAt] = bits;
		const end = start + headerSize - 4;
		copy.writeUInt32LE(crc32(copy.subarray(start, end)), end);
	}
	return copy ?? packed;
}
