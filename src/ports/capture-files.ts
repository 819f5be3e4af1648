// The port to the files of captures, initramfs images and bug reports: files that the call names, from a disk, a pipe or standard
// input. src/linux/captures implements it.

export type CaptureFiles = {
	/**
	 * The whole of a file, or of standard input for "-". gzip, xz and zstd are told by their first bytes, and decompressed: so is
	 * each of several that lie one behind the other.
	 * @param mostBytes of what is returned
	 * @throws {Refusal} by "read": EFBIG for more bytes, EINVAL for damaged compression
	 */
	readWhole(path: string, mostBytes: number): Promise<Buffer>;
	/** The whole of a file as it is, not decompressed. @throws {Refusal} by "read" */
	readRaw(path: string, mostBytes: number): Promise<Buffer>;
	/** One member of gzip, without name and time: the same bytes for the same content. */
	gzip(content: Uint8Array): Buffer;
	/** @throws {Refusal} by "decompress": EFBIG for more bytes, EINVAL for damaged content */
	gunzip(compressed: Uint8Array, mostBytes: number): Buffer;
	/**
	 * Decompresses the first part of `packed`, to which other data may be appended: one member of gzip, stream of xz or frame of
	 * zstd.
	 * @param part.name of the file, for messages
	 * @param part.mostBytes of the content
	 * @throws {Refusal} by "decompress": EFBIG for more bytes, EINVAL for damaged content and for any other compression
	 */
	decompressPart(
		packed: Buffer,
		part: { readonly name: string; readonly mostBytes: number },
	): Promise<DecompressedPart>;
	/** In hexadecimal. */
	sha256(content: Uint8Array): string;
};

export type DecompressedPart = {
	readonly content: Buffer;
	/** How many of the compressed bytes the part has. */
	readonly packedBytes: number;
};
