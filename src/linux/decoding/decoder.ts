// The interface of all decoders of compressed files, and their errors.

import type { CompressedFile } from "../../libkmod/formats/compressed-file.js";
import { HotplugdError } from "../../libkmod/kernel/errors.js";

/** Allocates a buffer of `size` bytes. Its content does not matter. */
export type Allocate = (size: number) => Buffer;

export type Decoder<File extends CompressedFile = CompressedFile> = {
	readonly name: string;
	/** Whether the decoder runs on threads of libuv's pool, and not on the thread of JavaScript. */
	readonly onThreads: boolean;
	/**
	 * @param allocate allocates memory for the content, for decoders that need all of it at once
	 * @throws {TooLarge} for a content of more than `limit` bytes, {OutOfMemory}, {Damage} when the decoder knows why the file
	 * cannot be decoded, and other errors for a damaged file
	 */
	decode(file: File, limit: number, allocate: Allocate): Promise<Buffer>;
};

/** Undefined when this machine lacks the decoder. The decoder's code is loaded now, or at the first use. */
export type FindDecoder<File extends CompressedFile = CompressedFile> = () =>
	| Decoder<File>
	| undefined
	| Promise<Decoder<File> | undefined>;

/** The content, or the memory for decoding it, exceeds a bound. */
export class TooLarge extends HotplugdError {
	override readonly name = "TooLarge";
	override readonly code = "ERR_TOO_LARGE";
}

/** The decoder could not allocate memory. */
export class OutOfMemory extends HotplugdError {
	override readonly name = "OutOfMemory";
	override readonly code = "ERR_OUT_OF_MEMORY";
}
