// What every decoder of compressed files is.

import type { CompressedFile } from "../../libkmod/formats/compressed-file.js";
import { HotplugdError } from "../../libkmod/kernel/errors.js";

/** Finds so many bytes of memory. What is in it does not matter. */
export type Allocate = (size: number) => Buffer;

export type Decoder<File extends CompressedFile = CompressedFile> = {
	readonly name: string;
	/** Whether it works on threads of libuv's pool, and not on JavaScript's own. */
	readonly onThreads: boolean;
	/**
	 * @param allocate memory for the content, for decoders that need all of it at once.
	 * @throws {TooLarge} for content of more than `limit` bytes, {OutOfMemory}, {Damage} for what says why it cannot be decoded, and
	 * other errors for what is damaged.
	 */
	decode(file: File, limit: number, allocate: Allocate): Promise<Buffer>;
};

/** Undefined where a decoder is not there. What it is made of is loaded now, or later. */
export type FindDecoder<File extends CompressedFile = CompressedFile> = () =>
	| Decoder<File>
	| undefined
	| Promise<Decoder<File> | undefined>;

/** The content, or what it would take to decode it, is beyond bounds. */
export class TooLarge extends HotplugdError {
	override readonly name = "TooLarge";
	override readonly code = "ERR_TOO_LARGE";
}

/** There is no memory for it. */
export class OutOfMemory extends HotplugdError {
	override readonly name = "OutOfMemory";
	override readonly code = "ERR_OUT_OF_MEMORY";
}
