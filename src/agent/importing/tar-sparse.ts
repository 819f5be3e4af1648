// Sparse files in a tar archive: the parts that hold data are stored, one behind the other, with a map of their places (GNU tar's
// manual, "Storing Sparse Files"; libarchive writes the pax form, version 1.0). Pure.

import { parseTarNumber, TAR_BLOCK_BYTES } from "./tar-header.js";

/** A part of a sparse file: its place in the file, and its length. */
export type SparsePart = { readonly offset: number; readonly bytes: number };

export type SparseMap = {
	/** Bytes of the whole file. */
	readonly size: number;
	readonly parts: readonly SparsePart[];
	/** Bytes that the map itself takes in front of the data. */
	readonly mapBytes: number;
};

// The most parts that are read. The files that a capture needs are pages of text.
const MOST_PARTS = 2 ** 12;
const PLACES_IN_HEADER = 4;
const PLACES_IN_EXTENSION = 21;

/**
 * The map of GNU tar's own format: four parts in the header, at byte 386, and 21 in each block behind it.
 * @param at where the header begins
 * @returns undefined when the map is cut, too long, or no map
 */
export function parseGnuSparse(bytes: Buffer, at: number): SparseMap | undefined {
	const header = bytes.subarray(at, at + TAR_BLOCK_BYTES);
	const size = parseTarNumber(header, 483, 12);
	const parts = partsAt(header, 386, PLACES_IN_HEADER);
	let mapBytes = 0;
	for (let more = header[482] === 1; more; ) {
		const block = bytes.subarray(at + TAR_BLOCK_BYTES + mapBytes, at + 2 * TAR_BLOCK_BYTES + mapBytes);
		const next = block.length < TAR_BLOCK_BYTES ? undefined : partsAt(block, 0, PLACES_IN_EXTENSION);
		if (next === undefined || parts === undefined || parts.length > MOST_PARTS) return undefined;
		parts.push(...next);
		mapBytes += TAR_BLOCK_BYTES;
		more = block[504] === 1;
	}
	return size === undefined || parts === undefined ? undefined : { size, parts, mapBytes };
}

function partsAt(block: Buffer, start: number, places: number): SparsePart[] | undefined {
	const parts: SparsePart[] = [];
	for (let place = 0; place < places; place++) {
		const at = start + place * 24;
		const [offset, bytes] = [parseTarNumber(block, at, 12), parseTarNumber(block, at + 12, 12)];
		if (offset === undefined || bytes === undefined) return undefined;
		if (bytes > 0) parts.push({ offset, bytes });
	}
	return parts;
}

/**
 * The map of the pax form: in the records GNU.sparse.map and GNU.sparse.size (0.0 and 0.1), or in front of the data, as lines of
 * decimal numbers (1.0).
 * @returns undefined when the file is not sparse, or its map is none
 */
export function parsePaxSparse(records: ReadonlyMap<string, string>, stored: Buffer): SparseMap | undefined {
	if (records.get("GNU.sparse.major") === "1") return mapInFront(records, stored);
	const size = wholeNumber(records.get("GNU.sparse.size"));
	const numbers = (records.get("GNU.sparse.map") ?? "").split(",", 2 * MOST_PARTS + 1).filter((word) => word !== "");
	return size === undefined ? undefined : withParts(size, numbers, 0);
}

function mapInFront(records: ReadonlyMap<string, string>, stored: Buffer): SparseMap | undefined {
	const size = wholeNumber(records.get("GNU.sparse.realsize"));
	const text = stored.toString("latin1", 0, 64 * TAR_BLOCK_BYTES);
	const [first, count] = /^(\d{1,6})\n/.exec(text) ?? [];
	if (size === undefined || first === undefined || Number(count) > MOST_PARTS) return undefined;
	const lines = text.slice(first.length).split("\n", 2 * Number(count) + 1);
	if (lines.length <= 2 * Number(count)) return undefined;
	const numbers = lines.slice(0, -1);
	const length = first.length + numbers.reduce((sum, line) => sum + line.length + 1, 0);
	return withParts(size, numbers, Math.ceil(length / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES);
}

function withParts(size: number, words: readonly string[], mapBytes: number): SparseMap | undefined {
	const numbers = words.map(wholeNumber);
	if (numbers.length % 2 === 1 || numbers.length > 2 * MOST_PARTS || numbers.includes(undefined)) return undefined;
	const parts: SparsePart[] = [];
	for (let at = 0; at < numbers.length; at += 2) parts.push({ offset: numbers[at]!, bytes: numbers[at + 1]! });
	return { size, parts: parts.filter(({ bytes }) => bytes > 0), mapBytes };
}

const wholeNumber = (text: string | undefined): number | undefined =>
	text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** The file itself. @param data behind the map @returns undefined when a part lies beyond the file or the data */
export function expandSparse({ size, parts }: SparseMap, data: Buffer): Buffer | undefined {
	const file = Buffer.alloc(size);
	let taken = 0;
	for (const { offset, bytes } of parts) {
		if (offset + bytes > size || taken + bytes > data.length) return undefined;
		data.copy(file, offset, taken, taken + bytes);
		taken += bytes;
	}
	return file;
}
