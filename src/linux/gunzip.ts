// Node's own decoder of gzip (RFC 1952). Its zstd, where it has one, ends at the first frame and says nothing of what follows.

import { type Decoder, TooLarge } from "./decoder.js";

/** Memory is asked for in pieces of so many bytes. */
const CHUNK = 2 ** 16;

export const gunzip: Decoder = {
	name: "gunzip",
	onThreads: true,
	async decode(packed, limit) {
		const { gunzip } = await import("node:zlib");
		return new Promise((resolve, reject) =>
			gunzip(packed, { maxOutputLength: limit, chunkSize: CHUNK }, (error: NodeJS.ErrnoException | null, content) => {
				if (error === null) resolve(content);
				else reject(error.code === "ERR_BUFFER_TOO_LARGE" ? new TooLarge() : error);
			}),
		);
	},
};
