// The system's decoders liblzma and libzstd, if installed. kmod uses the same. They run on threads, at about twice the speed of
// the decoders in WebAssembly and JavaScript. Each decodes a whole file into one buffer.

import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import type { CompressedFile, XzFile, ZstdFile } from "../../libkmod/formats/compressed-file.js";
import { xzContentSize } from "../../libkmod/formats/xz-file.js";
import { findFunction, type Native } from "../native/koffi.js";
import { type Allocate, type Decoder, OutOfMemory, TooLarge } from "./decoder.js";

/** Enough to keep all cores busy while JavaScript runs. More would only take more memory. */
export const DECODERS_AT_ONCE = 2 * availableParallelism();
const inTurn = pLimit(DECODERS_AT_ONCE);

/** As in kmod: several streams in one file are decoded as one content. */
const LZMA_CONCATENATED = 8;
const LZMA_MEM_ERROR = 5;
/**
 * Bytes. Allows a dictionary of 64 MiB, the largest of the decoder in WebAssembly, and the decoder's own memory, but not the next
 * larger dictionary, 96 MiB.
 */
const LZMA_MEMORY_BYTES = 80 * 2 ** 20;

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
	// liblzma returns the same error for a truncated file and for a buffer that is too small.
	const size = xzContentSize(streams);
	if (size > limit) throw new TooLarge();
	const content = allocate(size);
	const length = [0];
	const given = [[LZMA_MEMORY_BYTES], LZMA_CONCATENATED, null, packed, [0], packed.length];
	const result = await onThread(native, ...given, content, length, size);
	if (result === LZMA_MEM_ERROR) throw new OutOfMemory();
	if (result !== 0) throw new Error(`liblzma says ${result}`);
	return content.subarray(0, length[0]);
}

/** ZSTD_error_dstSize_tooSmall and ZSTD_error_memory_allocation: errors are returned as negative sizes. */
const ZSTD_TOO_SMALL = -70;
const ZSTD_MEMORY = -64;

const ZSTD_DECOMPRESS = "intptr_t ZSTD_decompress(void *content, size_t size, const void *packed, size_t packed_size)";

export async function findLibzstd(): Promise<Decoder<ZstdFile> | undefined> {
	const native = await findFunction(ZSTD_DECOMPRESS, "libzstd.so.1");
	return native && decoder("libzstd", (...given) => decodeZstd(native, ...given));
}

async function decodeZstd(native: Native, { packed }: ZstdFile, limit: number, allocate: Allocate): Promise<Buffer> {
	// A frame's field for the size of its content may be wrong or missing. The limit is at most what all blocks together can hold.
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
			values.length = 0; // koffi keeps no reference to buffers: `values` has kept them alive until here.
		});
	});
}
