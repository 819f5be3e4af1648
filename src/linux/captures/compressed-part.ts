// Decompresses one part of an initramfs image: a part has no length, so that only its decoding, or a walk over its blocks, tells
// where it ends.

import type { CompressedFile } from "../../libkmod/formats/compressed-file.js";
import { unsupported } from "../../libkmod/formats/damage.js";
import { parseXzStream } from "../../libkmod/formats/xz-file.js";
import { parseZstdFrame } from "../../libkmod/formats/zstd-frames.js";
import type { DecompressedPart } from "../../ports/capture-files.js";
import { decodeMember } from "../decoding/gunzip.js";
import { compressionOf, decompressFile, refusalToDecompress } from "../decoding/module-file.js";

type Limits = { readonly name: string; readonly mostBytes: number };

/** @throws {Refusal} by "decompress" */
export async function decompressPart(packed: Buffer, { name, mostBytes }: Limits): Promise<DecompressedPart> {
	try {
		const compression = compressionOf(packed);
		if (compression === undefined) throw unsupported("its compression");
		if (compression === "gzip") {
			const { content, size } = await decodeMember(packed, mostBytes);
			return { content, packedBytes: size };
		}
		const { file, end } = compression === "xz" ? firstStream(packed) : firstFrame(packed);
		return { content: await decompressFile(file, name, { limit: mostBytes }), packedBytes: end };
	} catch (thrown) {
		throw refusalToDecompress(name, thrown);
	}
}

type Part = { readonly file: CompressedFile; readonly end: number };

function firstStream(packed: Buffer): Part {
	const { stream, end } = parseXzStream(packed);
	return { file: { compression: "xz", packed: packed.subarray(0, end), streams: [stream] }, end };
}

function firstFrame(packed: Buffer): Part {
	const frame = parseZstdFrame(packed);
	return { file: { compression: "zstd", packed: packed.subarray(0, frame.end), frames: [frame] }, end: frame.end };
}
