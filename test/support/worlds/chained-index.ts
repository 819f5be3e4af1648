// An index of one key, with a node for each character of the key: the tree is as deep as the key is long.

/** Makes the index. The values have priority 1. The root is the first or the last node: depmods differ in that. */
export function chainedIndex(key: string, values: readonly string[], rootFirst: boolean): Buffer {
	const node = 6;
	const written = Buffer.from(values.map((value) => `\0\0\0\x01${value}\0`).join(""), "latin1");
	const last = 4 + written.length;
	const bytes = Buffer.alloc(12 + node * key.length + last);
	/** The offset of the node that the first `depth` characters lead to. */
	const place = (depth: number) => {
		if (rootFirst) return 12 + node * depth;
		return depth === key.length ? 12 : 12 + last + node * (key.length - 1 - depth);
	};
	const offset = (depth: number) => ((depth === key.length ? 0x40000000 : 0x20000000) | place(depth)) >>> 0;
	bytes.writeUInt32BE(0xb007f457, 0);
	bytes.writeUInt32BE(0x00020001, 4);
	bytes.writeUInt32BE(offset(0), 8);
	for (let depth = 0; depth < key.length; depth++) {
		const at = place(depth);
		bytes.fill(key.charCodeAt(depth), at, at + 2);
		bytes.writeUInt32BE(offset(depth + 1), at + 2);
	}
	const at = place(key.length);
	bytes.writeUInt32BE(values.length, at);
	written.copy(bytes, at + 4);
	return bytes;
}
