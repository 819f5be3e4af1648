// Reads the files of captures, initramfs images and bug reports, which the call names.

import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { CaptureFiles } from "../../ports/capture-files.js";
import { compressionOf, decompress } from "../decoding/module-file.js";
import { readBounded } from "../files/bounded-read.js";
import { orRefuse } from "../files/refusal.js";

const STANDARD_INPUT = "/dev/stdin";

export const captureFiles: CaptureFiles = {
	async readWhole(path, mostBytes) {
		const raw = readNamed(path, mostBytes);
		const compression = compressionOf(raw);
		return compression === undefined ? raw : await decompress(compression, raw, path, { limit: mostBytes });
	},
	readRaw: async (path, mostBytes) => readNamed(path, mostBytes),
	gzip: (content) => gzipSync(content, { level: 9 }),
	gunzip(compressed, mostBytes) {
		try {
			return gunzipSync(compressed, { maxOutputLength: Math.max(mostBytes, 1) });
		} catch (thrown) {
			throw refusalOf(thrown);
		}
	},
	decompressPart: async (packed, part) => (await import("./compressed-part.js")).decompressPart(packed, part),
	sha256: (content) => createHash("sha256").update(content).digest("hex"),
};

function readNamed(path: string, mostBytes: number): Buffer {
	const bound = { bytes: mostBytes, kind: "a capture", named: true };
	return orRefuse("read", path, () => readBounded(path === "-" ? STANDARD_INPUT : path, bound));
}

function refusalOf(thrown: unknown): Refusal {
	const tooLarge = (thrown as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
	return new Refusal({
		operation: "decompress",
		subject: "gzip",
		code: tooLarge ? "EFBIG" : "EINVAL",
		reason: tooLarge ? "it is larger than it may be" : "it is damaged",
		cause: thrown,
	});
}
