// The system's own decoders, liblzma and libzstd, where it has them: kmod's, at about twice the speed of those in WebAssembly and
// JavaScript, and on threads. Each takes a whole file and fills one buffer.

import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import type { CompressedFile, XzFile, ZstdFile } from "../../libkmod/formats/compressed-file.js";
import { xzContentSize } from "../../libkmod/formats/xz-file.js";
import { findFunction, type Native } from "../native/koffi.js";
import { type Allocate, type Decoder, OutOfMemory, TooLarge } from "./decoder.js";

/** So many that no core waits while JavaScript is at work: more would only take more memory. */
export const DECODERS_AT_ONCE = 2 * availableParallelism();
const inTurn = pLimit(DECODERS_AT_ONCE);

/** As kmod has it, several streams in one file count as one. */
const LZMA_CONCATENATED = 8;
const LZMA_MEM_ERROR = 5;
/** The largest dictionary is that of the decoder in WebAssembly, 64 MiB. The next larger is of 96; the decoder takes some too. */
const LZMA_MEMORY = 80 * 2 ** 20;

const LZMA_STREAM_BUFFER_DECODE = `int lzma_stream_buffer_decode(_Inout_ uint64_t *memory, uint32_t flags, const void *allocator,
	const void *packed, _Inout_ size_t *packed_at, size_t packed_size, void *content, _Inout_ size_t *content_at, size_t size)`;

export async function findLiblzma(): Promise<Decoder<XzFile> | undefined> {
	const native = await findFunction(LZMA_STREAM_BUFFER_DECODE, "liblzma.so.5");
	return native && decoder("liblzma", (...given) => decodeXz(native, ...given));
}

async function decodeXz(
	native: Native,
	{ packed, streams }: XzFile,
	limit: number,
	allocate: Allocate,
): Promise<Buffer> {
	// liblzma has one answer for a file that is cut short and for a buffer that is.
	const size = xzContentSize(streams);
	if (size > limit) throw new TooLarge();
	const content = allocate(size);
	const length = [0];
	const given = [[LZMA_MEMORY], LZMA_CONCATENATED, null, packed, [0], packed.length];
	const result = await onThread(native, ...given, content, length, size);
	if (result === LZMA_MEM_ERROR) throw new OutOfMemory();
	if (result !== 0) throw new Error(`liblzma says ${result}`);
	return content.subarray(0, length[0]);
}

/** ZSTD_error_dstSize_tooSmall and ZSTD_error_memory_allocation, as they come in a size. */
const ZSTD_TOO_SMALL = -70;
const ZSTD_MEMORY = -64;

const ZSTD_DECOMPRESS = "intptr_t ZSTD_decompress(void *content, size_t size, const void *packed, size_t packed_size)";

export async function findLibzstd(): Promise<Decoder<ZstdFile> | undefined> {
	const native = await findFunction(ZSTD_DECOMPRESS, "libzstd.so.1");
	return native && decoder("libzstd", (...given) => decodeZstd(native, ...given));
}

async function decodeZstd(native: Native, { packed }: ZstdFile, limit: number, allocate: Allocate): Promise<Buffer> {
	// What a frame says of its content may be wrong, or be missing: the limit is what all blocks together can hold, or less.
	const content = allocate(limit);
	const result = await onThread(native, content, limit, packed, packed.length);
	if (result >= 0) return content.subarray(0, result);
	if (result === ZSTD_MEMORY) throw new OutOfMemory();
	if (result === ZSTD_TOO_SMALL) throw new TooLarge();
	throw new Error(`libzstd says ${result}`);
}

function decoder<File extends CompressedFile>(name: string, decode: Decoder<File>["decode"]): Decoder<File> {
	return { name, onThreads: true, decode: (...given) => inTurn(() => decode(...given)) };
}

function onThread(native: Native, ...values: unknown[]): Promise<number> {
	return new Promise((resolve, reject) => {
		native.async(...values, (error: unknown, result: number) => {
			if (error) reject(error);
			else resolve(result);
			values.length = 0; // koffi holds no buffers: until here, this did.
		});
	});
}
