// Lends buffers of many megabytes. The largest buffer that was returned is kept and lent again: the garbage collector may free
// buffers late, and to fill new memory takes as long as to decompress into it.

const WASTE = 4;
/**
 * Bytes. A larger buffer is dropped when the next request is for much less, since the memory budget does not count the kept
 * buffer. Debian's largest modules take 40 MiB, debug builds take more.
 */
export const LARGEST_KEPT_BYTES = 2 ** 26;

let spare: Buffer | undefined;

/** Lends a buffer of at least `size` bytes, whose content does not matter. */
export function borrowBuffer(size: number): Buffer {
	const lent = spare;
	// A buffer that is far too large is not lent.
	if (lent !== undefined && lent.length > WASTE * size) {
		dropLargeBuffer();
		return Buffer.allocUnsafeSlow(size);
	}
	spare = undefined;
	if (lent !== undefined && lent.length >= size) return lent;
	// A quarter more, so that the buffer also fits a somewhat larger content. Pages that are never written take no memory.
	return Buffer.allocUnsafeSlow(size + (size >> 2));
}

export function returnBuffer(buffer: Buffer): void {
	if (buffer.length > (spare?.length ?? 0)) spare = buffer;
}

/** Called when a content is decompressed that does not need the large buffer. */
export function dropLargeBuffer(): void {
	if (spare !== undefined && spare.length > LARGEST_KEPT_BYTES) spare = undefined;
}

/** Drops the kept buffer. */
export function dropBuffers(): void {
	spare = undefined;
}
