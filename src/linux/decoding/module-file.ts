// Decompresses module files: .ko.gz, .ko.xz and .ko.zst, recognised by their magic bytes and never by their names. For each
// compression the fastest decoder of this machine is used: node's own, the system's, or one that comes with hotplugd.

import {
	type CompressedFile,
	type Compression,
	type GzipFile,
	parseCompressed,
	type XzFile,
	type ZstdFile,
} from "../../libkmod/formats/compressed-file.js";
import { Damage, damaged } from "../../libkmod/formats/damage.js";
import { withDictionariesThatFit, xzContentSize } from "../../libkmod/formats/xz-file.js";
import { withWindowsThatFit } from "../../libkmod/formats/zstd-frames.js";
import { bounds, LARGEST_DICTIONARY_BYTES, LARGEST_WINDOW_BYTES } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { type Allocate, type Decoder, type FindDecoder, OutOfMemory, TooLarge } from "./decoder.js";
import { gunzip } from "./gunzip.js";
import { inRoom, type Room } from "./memory-budget.js";
import { findLiblzma, findLibzstd } from "./native-decoders.js";
import { fzstd, xzDecompress } from "./script-decoders.js";

export type { CompressedFile, Compression } from "../../libkmod/formats/compressed-file.js";
export type { Decoder } from "./decoder.js";

/** How many of a file's first bytes {@link compressionOf} needs. */
export const MAGIC_SIZE = 6;

/** Bytes. A window or a dictionary up to this size is left as it is. */
const MODEST_BYTES = 2 ** 23;

const MAGIC: readonly (readonly [Compression, Buffer])[] = [
	["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
	["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
	["gzip", Buffer.from([0x1f, 0x8b])],
];

/** The compression by the first {@link MAGIC_SIZE} bytes of a file. Undefined when the file is not compressed, or shorter. */
export function compressionOf(head: Uint8Array): Compression | undefined {
	if (head.length < MAGIC_SIZE) return undefined;
	return MAGIC.find(([, magic]) => magic.equals(head.subarray(0, magic.length)))?.[0];
}

/** The decoders in order of preference. The last one of each compression is always available. */
const decoders: {
	readonly gzip: readonly FindDecoder<GzipFile>[];
	readonly xz: readonly FindDecoder<XzFile>[];
	readonly zstd: readonly FindDecoder<ZstdFile>[];
} = {
	gzip: [() => gunzip],
	xz: [findLiblzma, () => xzDecompress],
	zstd: [findLibzstd, () => fzstd],
};

const found = new Map<Compression, Promise<Decoder>>();

/** The preferred decoder of a compression that this machine has. */
export function findDecoder(compression: Compression): Promise<Decoder> {
	const first = found.get(compression) ?? findFirst(compression);
	found.set(compression, first);
	return first;
}

async function findFirst(compression: Compression): Promise<Decoder> {
	for (const find of decoders[compression]) {
		const decoder = await find();
		if (decoder !== undefined) return decoder;
	}
	throw new Error(`there is no decoder for ${compression}`);
}

/** All decoders of a compression that this machine has, the preferred one first. */
export async function listDecoders(compression: Compression): Promise<Decoder[]> {
	const all = await Promise.all(decoders[compression].map((find) => find()));
	return all.filter((decoder) => decoder !== undefined);
}

export type DecompressOptions = {
	/** The most bytes of content. */
	readonly limit?: number;
	/** Allocates the content's memory, for the decoders that use it. */
	readonly allocate?: Allocate;
	/** The decoder. When absent, the preferred one. */
	readonly decoder?: Decoder;
	/**
	 * The room whose share of the memory budget covers the content. When absent, the share is given back as soon as the content is
	 * decoded.
	 */
	readonly room?: Room;
};

/**
 * Parses the structure of a compressed file, once, for {@link decompressFile} and other callers.
 * @param path names the file in errors
 * @throws {Refusal} EINVAL with a reason for a file that is damaged, truncated or compressed in a way that is not supported
 */
export function walkCompressed(compression: Compression, packed: Buffer, path: string): CompressedFile {
	try {
		return parseCompressed(compression, packed);
	} catch (thrown) {
		throw refusalToDecompress(path, thrown);
	}
}

/** Parses and decompresses a file: {@link walkCompressed} and {@link decompressFile} in one. */
export async function decompress(
	compression: Compression,
	packed: Buffer,
	path: string,
	options: DecompressOptions = {},
): Promise<Buffer> {
	return await decompressFile(walkCompressed(compression, packed, path), path, options);
}

/**
 * The file's content.
 * @param path names the file in errors
 * @throws {Refusal} EINVAL with a reason for a file that is damaged, truncated or compressed in a way that is not supported,
 * EFBIG for a content of more than `limit` bytes, ENOMEM
 */
export async function decompressFile(
	file: CompressedFile,
	path: string,
	{ room, ...options }: DecompressOptions = {},
): Promise<Buffer> {
	try {
		if (room !== undefined) return await decodeFitted(file, room, options);
		return await inRoom((own) => decodeFitted(file, own, options));
	} catch (thrown) {
		throw refusalToDecompress(path, thrown);
	}
}

/**
 * Decodes a file. A window or dictionary that is larger than the content is made smaller first, so that the decoder takes less
 * memory.
 */
async function decodeFitted(
	file: CompressedFile,
	room: Room,
	options: Omit<DecompressOptions, "room">,
): Promise<Buffer> {
	if (isGreedy(file)) throw new TooLarge();
	// The change is made in a copy of the file, which takes memory.
	if (!isModest(file)) await room.take(file.packed.length);
	return await decode(tighten(file), contentSize(file), room, options);
}

/** The largest compression ratio of deflate (RFC 1951). */
const DEFLATE_RATIO = 1032;

/** The content's size in bytes by the file's own fields, which for gzip and xz may be wrong. */
function contentSize(file: CompressedFile): number {
	const { packed } = file;
	if (file.compression === "xz") return xzContentSize(file.streams);
	if (file.compression === "zstd")
		return file.frames.reduce((sum, { contentSize, most }) => sum + Math.min(contentSize ?? most, most), 0);
	// The ISIZE field of the last member: the size modulo 4 GiB.
	return Math.min(packed.readUInt32LE(packed.length - 4), DEFLATE_RATIO * packed.length);
}

const blocksOf = ({ streams }: XzFile) => streams.flatMap(({ blocks }) => blocks);

/** Whether both the window, or dictionary, and the content exceed the largest window, or dictionary, that is allowed. */
function isGreedy(file: CompressedFile): boolean {
	if (file.compression === "xz")
		return blocksOf(file).some(({ dictionary, size }) => Math.min(dictionary, size) > LARGEST_DICTIONARY_BYTES);
	return (
		file.compression === "zstd" && file.frames.some(({ window, most }) => Math.min(window, most) > LARGEST_WINDOW_BYTES)
	);
}

function isModest(file: CompressedFile): boolean {
	if (file.compression === "xz") return blocksOf(file).every(({ dictionary }) => dictionary <= MODEST_BYTES);
	return (
		file.compression === "gzip" || file.frames.every(({ window, most }) => window <= MODEST_BYTES || most >= window)
	);
}

/** The file with smaller windows or dictionaries. All its other fields stay valid. */
function tighten(file: CompressedFile): CompressedFile {
	if (file.compression === "xz")
		return { ...file, packed: withDictionariesThatFit(file.packed, file.streams, MODEST_BYTES) };
	if (file.compression === "zstd")
		return { ...file, packed: withWindowsThatFit(file.packed, file.frames, MODEST_BYTES) };
	return file;
}

/** The factor by which the next attempt is larger, when the content is larger than the file claims. */
const GROWTH_FACTOR = 8;

/**
 * Decodes a file whose size of content is only a claim: as many bytes are taken from the budget, and the decoder fills no more.
 * When the content is larger, the next attempt takes more.
 */
async function decode(
	file: CompressedFile,
	claim: number,
	room: Room,
	{ limit = bounds.module.bytes, allocate = Buffer.allocUnsafeSlow, decoder }: DecompressOptions,
): Promise<Buffer> {
	const { name, decode } = decoder ?? (await findDecoder(file.compression));
	for (
		let size = Math.min(Math.max(claim, file.packed.length), limit);
		;
		size = Math.min(GROWTH_FACTOR * size, limit)
	) {
		const giveBack = await room.take(size * (IN_PLACE.has(name) ? 1 : 2));
		try {
			return await decode(file, size, allocate);
		} catch (thrown) {
			if (!(thrown instanceof TooLarge) || size === limit) throw thrown;
			giveBack();
		}
	}
}

/**
 * The decoders that need memory for one copy of the content. The others hold it twice for a while: in pieces, or in a dictionary.
 */
const IN_PLACE = new Set(["libzstd"]);

/** What a decoder or a parser of compressed files has thrown, as a Refusal. */
export function refusalToDecompress(path: string, thrown: unknown): Refusal {
	const refuse = (code: "EFBIG" | "ENOMEM" | "EINVAL", reason?: string): Refusal =>
		new Refusal({ operation: "decompress", subject: path, code, reason, cause: thrown });
	if (thrown instanceof Refusal) return thrown;
	if (thrown instanceof TooLarge) return refuse("EFBIG");
	if (thrown instanceof OutOfMemory || thrown instanceof RangeError) return refuse("ENOMEM");
	return refuse("EINVAL", thrown instanceof Damage ? thrown.message : damaged().message);
}
