// Compressed module files: .ko.gz, .ko.xz and .ko.zst, told by their first bytes and never by their names. Of each compression
// the fastest decoder there is: node's own, the system's, or one that comes with hotplugd.

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
import { bounds, LARGEST_DICTIONARY, LARGEST_WINDOW } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { type Allocate, type Decoder, type FindDecoder, OutOfMemory, TooLarge } from "./decoder.js";
import { gunzip } from "./gunzip.js";
import { inRoom, type Room } from "./memory-budget.js";
import { findLiblzma, findLibzstd } from "./native-decoders.js";
import { fzstd, xzDecompress } from "./script-decoders.js";

export type { CompressedFile, Compression } from "../../libkmod/formats/compressed-file.js";
export type { Decoder } from "./decoder.js";

/** How much of a file {@link compressionOf} asks to see, in bytes. */
export const MAGIC_SIZE = 6;

/** What asks for no more of a window or a dictionary, in bytes, is left as it is. */
const MODEST = 2 ** 23;

const MAGIC: readonly (readonly [Compression, Buffer])[] = [
	["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
	["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
	["gzip", Buffer.from([0x1f, 0x8b])],
];

/** By the first {@link MAGIC_SIZE} bytes of a file, or undefined where they are none of a compressed file, or too few. */
export function compressionOf(head: Uint8Array): Compression | undefined {
	if (head.length < MAGIC_SIZE) return undefined;
	return MAGIC.find(([, magic]) => magic.equals(head.subarray(0, magic.length)))?.[0];
}

/** In order of preference. The last of each is always there. */
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

/** The decoder of a compression. */
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
	throw new Error(`nothing decodes ${compression}`);
}

/** All decoders of a compression that this machine has, the one that is used first. */
export async function listDecoders(compression: Compression): Promise<Decoder[]> {
	const all = await Promise.all(decoders[compression].map((find) => find()));
	return all.filter((decoder) => decoder !== undefined);
}

export type DecompressOptions = {
	/** In bytes. */
	readonly limit?: number;
	/** Where some decoders put the content. */
	readonly allocate?: Allocate;
	/** Which, if not the first there is. */
	readonly decoder?: Decoder;
	/** What the content takes of the budget is given back with it; without one, when it is there. */
	readonly room?: Room;
};

/**
 * What stands in a file, for {@link decompressFile} and whoever else asks: it is walked over once. @param path names it in errors.
 * @throws {Refusal} EINVAL with its reason for a file that is damaged, cut or compressed in a way that is not understood
 */
export function walkCompressed(compression: Compression, packed: Buffer, path: string): CompressedFile {
	try {
		return parseCompressed(compression, packed);
	} catch (thrown) {
		throw refusalOf(path, thrown);
	}
}

/** {@link decompressFile} of a file that nobody has asked anything yet. */
export async function decompress(
	compression: Compression,
	packed: Buffer,
	path: string,
	options: DecompressOptions = {},
): Promise<Buffer> {
	return await decompressFile(walkCompressed(compression, packed, path), path, options);
}

/**
 * The file's content. @param path names it in errors.
 * @throws {Refusal} EINVAL with its reason for a file that is damaged, cut or compressed in a way that is not understood; EFBIG for
 * one that would fill more than `limit` bytes; ENOMEM.
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
		throw refusalOf(path, thrown);
	}
}

/** What asks for more memory than its content needs, asks for less. */
async function decodeFitted(
	file: CompressedFile,
	room: Room,
	options: Omit<DecompressOptions, "room">,
): Promise<Buffer> {
	if (isGreedy(file)) throw new TooLarge();
	// To be changed, it is copied.
	if (!isModest(file)) await room.take(file.packed.length);
	return await decode(tighten(file), contentSize(file), room, options);
}

/** No stream of deflate (RFC 1951) grows more. */
const DEFLATE_RATIO = 1032;

/** Of the content in bytes, as the file says: of gzip and xz it need not be true. */
function contentSize(file: CompressedFile): number {
	const { packed } = file;
	if (file.compression === "xz") return xzContentSize(file.streams);
	if (file.compression === "zstd")
		return file.frames.reduce((sum, { contentSize, most }) => sum + Math.min(contentSize ?? most, most), 0);
	// The last member's size, below 4 GiB.
	return Math.min(packed.readUInt32LE(packed.length - 4), DEFLATE_RATIO * packed.length);
}

const blocksOf = ({ streams }: XzFile) => streams.flatMap(({ blocks }) => blocks);

/** A window, or dictionary, and a content that large. */
function isGreedy(file: CompressedFile): boolean {
	if (file.compression === "xz")
		return blocksOf(file).some(({ dictionary, size }) => Math.min(dictionary, size) > LARGEST_DICTIONARY);
	return file.compression === "zstd" && file.frames.some(({ window, most }) => Math.min(window, most) > LARGEST_WINDOW);
}

function isModest(file: CompressedFile): boolean {
	if (file.compression === "xz") return blocksOf(file).every(({ dictionary }) => dictionary <= MODEST);
	return file.compression === "gzip" || file.frames.every(({ window, most }) => window <= MODEST || most >= window);
}

/** What was found in it stays as it was, windows and dictionaries apart. */
function tighten(file: CompressedFile): CompressedFile {
	if (file.compression === "xz") return { ...file, packed: withDictionariesThatFit(file.packed, file.streams, MODEST) };
	if (file.compression === "zstd") return { ...file, packed: withWindowsThatFit(file.packed, file.frames, MODEST) };
	return file;
}

/** How much larger the next attempt may be, where the content is larger than the file says. */
const GROWTH = 8;

/** What a file says of its content is a claim: so much of the budget is taken, and no more than that is filled. */
async function decode(
	file: CompressedFile,
	claim: number,
	room: Room,
	{ limit = bounds.module.bytes, allocate = Buffer.allocUnsafeSlow, decoder }: DecompressOptions,
): Promise<Buffer> {
	const { name, decode } = decoder ?? (await findDecoder(file.compression));
	for (let size = Math.min(Math.max(claim, file.packed.length), limit); ; size = Math.min(GROWTH * size, limit)) {
		const giveBack = await room.take(size * (IN_PLACE.has(name) ? 1 : 2));
		try {
			return await decode(file, size, allocate);
		} catch (thrown) {
			if (!(thrown instanceof TooLarge) || size === limit) throw thrown;
			giveBack();
		}
	}
}

/** The others have the content twice for a while: in pieces, or in the dictionary that they look back into. */
const IN_PLACE = new Set(["libzstd"]);

function refusalOf(path: string, thrown: unknown): Refusal {
	const refuse = (code: "EFBIG" | "ENOMEM" | "EINVAL", reason?: string): Refusal =>
		new Refusal({ operation: "decompress", subject: path, code, reason, cause: thrown });
	if (thrown instanceof TooLarge) return refuse("EFBIG");
	if (thrown instanceof OutOfMemory || thrown instanceof RangeError) return refuse("ENOMEM");
	return refuse("EINVAL", thrown instanceof Damage ? thrown.message : damaged().message);
}
