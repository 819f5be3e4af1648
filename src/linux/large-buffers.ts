// Buffers of many megabytes, lent out and taken back: the one given back last serves the next, since a collector of garbage comes
// when it likes, and twelve gigabytes may lie about until then.

const WASTE = 4;

let spare: Buffer | undefined;

/** A buffer of at least so many bytes, whatever is in them. */
export function borrowBuffer(size: number): Buffer {
	const lent = spare;
	// One that is far too large is left for who needs it.
	if (lent !== undefined && lent.length > WASTE * size) return Buffer.allocUnsafeSlow(size);
	spare = undefined;
	if (lent !== undefined && lent.length >= size) return lent;
	// Room for the next to be somewhat larger: what is not written to takes no memory.
	return Buffer.allocUnsafeSlow(size + (size >> 2));
}

export function returnBuffer(buffer: Buffer): void {
	if (buffer.length > (spare?.length ?? 0)) spare = buffer;
}

/** Keeps none any longer. */
export function dropBuffers(): void {
	spare = undefined;
}
