// The order of kmod's hash tables: buckets by Paul Hsieh's SuperFastHash, and within a bucket by the bytes of the key. depmod
// writes modules.symbols in this order, and numbers in this order the modules that modules.order does not name.

/** SuperFastHash of a key, 32 bits. One character is one byte. */
export function superFastHash(key: string): number {
	const pair = (at: number) => key.charCodeAt(at) | (key.charCodeAt(at + 1) << 8);
	let hash = key.length;
	let at = 0;
	for (; at + 4 <= key.length; at += 4) {
		hash = (hash + pair(at)) | 0;
		hash = (hash << 16) ^ ((pair(at + 2) << 11) ^ hash);
		hash = (hash + (hash >>> 11)) | 0;
	}
	hash = mixTail(hash, key, at);
	hash ^= hash << 3;
	hash = (hash + (hash >>> 5)) | 0;
	hash ^= hash << 4;
	hash = (hash + (hash >>> 17)) | 0;
	hash ^= hash << 25;
	hash = (hash + (hash >>> 6)) | 0;
	return hash >>> 0;
}

// The last one to three bytes.
function mixTail(start: number, key: string, at: number): number {
	const left = key.length - at;
	if (left === 0) return start;
	const first = key.charCodeAt(at);
	let hash = (start + (left === 1 ? first : first | (key.charCodeAt(at + 1) << 8))) | 0;
	if (left === 1) {
		hash ^= hash << 10;
		return (hash + (hash >>> 1)) | 0;
	}
	if (left === 2) {
		hash ^= hash << 11;
		return (hash + (hash >>> 17)) | 0;
	}
	hash ^= hash << 16;
	hash ^= key.charCodeAt(at + 2) << 18;
	return (hash + (hash >>> 11)) | 0;
}

/** Keys in the order that a table of `buckets` (a power of two) gives them. One character is one byte. */
export function inHashOrder<T>(items: readonly T[], keyOf: (item: T) => string, buckets: number): T[] {
	const table: T[][] = Array.from({ length: buckets }, () => []);
	for (const item of items) table[superFastHash(keyOf(item)) & (buckets - 1)]!.push(item);
	for (const bucket of table) if (bucket.length > 1) bucket.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
	return table.flat();
}
