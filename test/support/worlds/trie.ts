// Index files for tests: nodes in parents-first or parents-last order, one byte on each edge. depmod uses another layout; this
// one is valid, too.

type TrieNode = { children: Map<number, TrieNode>; values: (readonly [number, string])[] };

export function encodeTrie(
	entries: readonly (readonly [key: string, priority: number, value: string])[],
	rootFirst: boolean,
): Buffer {
	const root: TrieNode = { children: new Map(), values: [] };
	for (const [key, priority, value] of entries) {
		let node = root;
		for (const byte of Buffer.from(key, "latin1")) {
			const child = node.children.get(byte) ?? { children: new Map(), values: [] };
			node.children.set(byte, child);
			node = child;
		}
		node.values.push([priority, value]);
	}
	const order: TrieNode[] = [];
	const visit = (node: TrieNode): void => {
		if (rootFirst) order.push(node);
		for (const child of node.children.values()) visit(child);
		if (!rootFirst) order.push(node);
	};
	visit(root);
	const offsets = new Map<TrieNode, number>();
	let at = 12;
	for (const node of order) {
		offsets.set(node, (flagsOf(node) | at) >>> 0);
		at += encodeNode(node, () => 0).length;
	}
	const header = Buffer.alloc(12);
	header.writeUInt32BE(0xb007f457, 0);
	header.writeUInt32BE(0x00020001, 4);
	header.writeUInt32BE(offsets.get(root)!, 8);
	return Buffer.concat([header, ...order.map((node) => encodeNode(node, (child) => offsets.get(child)!))]);
}

function flagsOf({ children, values }: TrieNode): number {
	return (children.size > 0 ? 0x20000000 : 0) | (values.length > 0 ? 0x40000000 : 0);
}

function encodeNode({ children, values }: TrieNode, offsetOf: (child: TrieNode) => number): Buffer {
	const parts: Buffer[] = [];
	if (children.size > 0) {
		const bytes = [...children.keys()];
		const first = Math.min(...bytes);
		const table = Buffer.alloc(2 + 4 * (Math.max(...bytes) - first + 1));
		table[0] = first;
		table[1] = Math.max(...bytes);
		for (const [byte, child] of children) table.writeUInt32BE(offsetOf(child), 2 + 4 * (byte - first));
		parts.push(table);
	}
	if (values.length > 0) {
		const count = Buffer.alloc(4);
		count.writeUInt32BE(values.length);
		parts.push(count);
		for (const [priority, value] of [...values].sort(([a], [b]) => a - b)) {
			const number = Buffer.alloc(4);
			number.writeUInt32BE(priority);
			parts.push(number, Buffer.from(`${value}\0`, "latin1"));
		}
	}
	// An empty node takes one byte, so that no two nodes have the same offset.
	return parts.length === 0 ? Buffer.alloc(1) : Buffer.concat(parts);
}
