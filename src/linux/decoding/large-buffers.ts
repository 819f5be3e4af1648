// Buffers of many megabytes, lent out and taken back: the largest that was given back is lent again, since a collector of garbage comes
// when it likes, and to fill new memory takes as long as to unpack into it.

const WASTE = 4;
/**
 * In bytes. A larger one is dropped when the next asks for much less, since the budget of memory does not count what is kept.
 * Debian's largest modules take 40 MiB, those for debugging more.
 */
export const LARGEST_KEPT = 2 ** 26;

let spare: Buffer | undefined;

/** A buffer of at least so many bytes, whatever is in them. */
export function borrowBuffer(size: number): Buffer {
	const lent = spare;
	// One that is far too large is not lent.
	if (lent !== undefined && lent.length > WASTE * size) {
		dropLargeBuffer();
		return Buffer.allocUnsafeSlow(size);
	}
	spare = undefined;
	if (lent !== undefined && lent.length >= size) return lent;
	// Room for the next to be somewhat larger: what is not written to takes no memory.
	return Buffer.allocUnsafeSlow(size + (size >> 2));
}

export function returnBuffer(buffer: Buffer): void {
	if (buffer.length > (spare?.length ?? 0)) spare = buffer;
}

/** Another content is filled, for which the large one is not needed. */
export function dropLargeBuffer(): void {
	if (spare !== undefined && spare.length > LARGEST_KEPT) spare = undefined;
}

/** Keeps none any longer. */
export function dropBuffers(): void {
	spare = undefined;
}
