// What every decoder of compressed files is.

/** As /sys/module/compression spells them. */
export type Compression = "gzip" | "xz" | "zstd";

export type Decoder = {
	readonly name: string;
	/** Whether it works on threads of libuv's pool, and not on JavaScript's own. */
	readonly onThreads: boolean;
	/** @throws {TooLarge} for content of more than `limit` bytes, and other errors for what it cannot decode. */
	decode(packed: Buffer, limit: number): Promise<Buffer>;
};

/** Undefined where a decoder is not there. What it is made of is loaded now, or later. */
export type FindDecoder = () => Decoder | undefined | Promise<Decoder | undefined>;

/** The content, or what it would take to decode it, is beyond bounds. */
export class TooLarge extends Error {}
