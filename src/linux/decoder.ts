// What every decoder of compressed files is.

/** As /sys/module/compression spells them. */
export type Compression = "gzip" | "xz" | "zstd";

/** Finds so many bytes of memory. What is in it does not matter. */
export type Allocate = (size: number) => Buffer;

export type Decoder = {
	readonly name: string;
	/** Whether it works on threads of libuv's pool, and not on JavaScript's own. */
	readonly onThreads: boolean;
	/**
	 * @param allocate memory for the content, for decoders that need all of it at once.
	 * @throws {TooLarge} for content of more than `limit` bytes, {OutOfMemory}, {Damage} for what says why it cannot be decoded, and
	 * other errors for what is damaged.
	 */
	decode(packed: Buffer, limit: number, allocate: Allocate): Promise<Buffer>;
};

/** Undefined where a decoder is not there. What it is made of is loaded now, or later. */
export type FindDecoder = () => Decoder | undefined | Promise<Decoder | undefined>;

/** The content, or what it would take to decode it, is beyond bounds. */
export class TooLarge extends Error {}

/** There is no memory for it. */
export class OutOfMemory extends Error {}
