// depmod's binary indexes, modules.*.bin: a trie, searched in place in the bytes of the file.
//
// All integers are big-endian and 32 bits wide. A node offset holds the position of the node in its low 28 bits and
// says in its high bits what the node has.
//
//	header  B0 07 F4 57 | 00 02 minor minor | root offset
//	node    [prefix NUL]                                             if PREFIX
//	        [first last | child offset * (last - first + 1)]         if CHILDREN, 0 where there is no such child
//	        [count | { priority | value NUL } * count]               if VALUES
//
// A key is the path to its node: the child characters and prefixes on the way. Newer versions of depmod write a parent before its
// children, older ones after. One of the two orders holds for a whole file, and a search that checks the order always ends.

import { HotplugdError } from "../kernel/errors.js";

const MAGIC = 0xb007f457;
const MAJOR_VERSION = 2;
const HEADER_SIZE = 12;

export const PREFIX = 0x80000000;
export const VALUES = 0x40000000;
export const CHILDREN = 0x20000000;
const POSITION = 0x0fffffff;

/** The bytes are not an index, or one of another version, or its offsets lead outside the file or in a loop. */
export class MalformedIndex extends HotplugdError {
	override readonly name = "MalformedIndex";
	override readonly code = "ERR_MALFORMED_INDEX";
	readonly file: string;
	/** The message without the file's name. */
	readonly clause: string;
	constructor(file: string, why: string) {
		const clause = `is not a usable index: ${why}; run depmod to make it anew`;
		super(`${file} ${clause}`);
		this.file = file;
		this.clause = clause;
	}
}

/** One value of a key. The priority is the module's place in modules.order: lower ones come first. */
export type IndexEntry = { readonly key: string; readonly priority: number; readonly value: string };

export type IndexFile = {
	readonly file: string;
	readonly bytes: Buffer;
	/** The offset of the root node, with its flags; 0 in an index without entries. */
	readonly root: number;
	/** Whether children lie behind their parents in the file. */
	readonly rootFirst: boolean;
};

/** Opens an index by its header alone. @throws {MalformedIndex} */
export function openIndex(file: string, bytes: Buffer): IndexFile {
	if (bytes.length < HEADER_SIZE) throw new MalformedIndex(file, `it has ${bytes.length} bytes, fewer than a header`);
	if (bytes.readUInt32BE(0) !== MAGIC)
		throw new MalformedIndex(file, "it does not begin with the magic number B007F457");
	const major = bytes.readUInt16BE(4);
	if (major !== MAJOR_VERSION) throw new MalformedIndex(file, `it is of version ${major}, not ${MAJOR_VERSION}`);
	const offset = bytes.readUInt32BE(8);
	// An index without entries has an empty root, which depmod places after the last byte.
	const root = (offset & (PREFIX | VALUES | CHILDREN)) === 0 ? 0 : offset;
	if (root !== 0 && (root & POSITION) >= bytes.length)
		throw new MalformedIndex(file, `its root node lies outside its ${bytes.length} bytes`);
	return { file, bytes, root, rootFirst: (root & POSITION) === HEADER_SIZE };
}

/**
 * Subtracts the bytes read from the budget of a walk and returns the rest. A tree has each byte of the file once. A walk that
 * reads more has met nodes with several parents, and could take practically forever.
 */
export function spend(index: IndexFile, left: number, read: number): number {
	if (read > left) throw sharedNodes(index);
	return left - read;
}

/** The error of a walk that has used up its budget of bytes. */
export function sharedNodes({ file, bytes }: IndexFile): MalformedIndex {
	return new MalformedIndex(
		file,
		`a walk reads more than its ${bytes.length} bytes, so its nodes are shared or form cycles`,
	);
}

/**
 * The place of a node and of its parts. Filled in by `readNode` and reused between reads, so that a search creates no garbage.
 */
export type Node = {
	position: number;
	prefixStart: number;
	prefixEnd: number;
	/** Characters of the first and last child; first > last when there are none. */
	first: number;
	last: number;
	childrenStart: number;
	valueCount: number;
	valuesStart: number;
};

export function blankNode(): Node {
	return {
		position: 0,
		prefixStart: 0,
		prefixEnd: 0,
		first: 1,
		last: 0,
		childrenStart: 0,
		valueCount: 0,
		valuesStart: 0,
	};
}

function outside(index: IndexFile, what: string, position: number): MalformedIndex {
	return new MalformedIndex(index.file, `${what} at byte ${position} lies outside its ${index.bytes.length} bytes`);
}

/**
 * Reads the node at an offset (not 0) into `node`, without its values. Returns the number of bytes read.
 * @throws {MalformedIndex} when the node leads outside the file
 */
export function readNode(index: IndexFile, offset: number, node: Node): number {
	const bytes = index.bytes;
	const length = bytes.length;
	let at = offset & POSITION;
	node.position = at;
	if (at < HEADER_SIZE || at >= length) throw outside(index, "a node", at);
	node.prefixStart = at;
	if ((offset & PREFIX) !== 0) {
		while (at < length && bytes[at] !== 0) at++;
		if (at >= length) throw outside(index, "the end of a prefix", at);
		node.prefixEnd = at++;
	} else node.prefixEnd = at;
	if ((offset & CHILDREN) !== 0) {
		if (at + 2 > length) throw outside(index, "a list of children", at);
		node.first = bytes[at]!;
		node.last = bytes[at + 1]!;
		node.childrenStart = at + 2;
		at += 2 + 4 * (node.last - node.first + 1);
		if (node.last < node.first || at > length) throw outside(index, "a list of children", node.childrenStart);
	} else {
		node.first = 1;
		node.last = 0;
	}
	if ((offset & VALUES) !== 0) {
		if (at + 4 > length) throw outside(index, "a list of values", at);
		node.valueCount = bytes.readUInt32BE(at);
		at += 4;
		node.valuesStart = at;
		if (node.valueCount > (length - at) / 5) throw outside(index, "a list of values", at);
	} else node.valueCount = 0;
	return at - node.position;
}

/** The offset of a child by its character, or 0. @throws {MalformedIndex} when the child would lead back up */
export function childOffset(index: IndexFile, node: Node, character: number): number {
	if (character < node.first || character > node.last) return 0;
	const bytes = index.bytes;
	const at = node.childrenStart + 4 * (character - node.first);
	const offset = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
	const position = offset & POSITION;
	if (position === 0) return 0;
	if (index.rootFirst ? position <= node.position : position >= node.position)
		throw new MalformedIndex(index.file, `the node at byte ${node.position} leads in a loop`);
	return offset;
}

/** The position of the NUL that ends the value's text at `start`. @throws {MalformedIndex} */
export function valueEnd(index: IndexFile, start: number): number {
	const bytes = index.bytes;
	// Values are short: a loop is faster than a call of indexOf.
	for (let end = start; end < bytes.length; end++) if (bytes[end] === 0) return end;
	throw outside(index, "the end of a value", start);
}

/** The first value of exactly this key. Undefined when there is none. @throws {MalformedIndex} */
export function findExact(index: IndexFile, key: string): string | undefined {
	const { bytes } = index;
	const node = blankNode();
	let offset = index.root;
	let left = bytes.length;
	let k = 0;
	while ((offset & POSITION) !== 0) {
		left = spend(index, left, readNode(index, offset, node));
		for (let at = node.prefixStart; at < node.prefixEnd; at++, k++)
			if (k >= key.length || bytes[at] !== key.charCodeAt(k)) return undefined;
		if (k === key.length) {
			if (node.valueCount === 0) return undefined;
			const start = node.valuesStart + 4;
			return bytes.toString("latin1", start, valueEnd(index, start));
		}
		offset = childOffset(index, node, key.charCodeAt(k++));
	}
	return undefined;
}

/** Limit on a list of entries, in characters of keys and values together. Debian's kernel has 2 MB of aliases. */
export const LONGEST_LIST_BYTES = 2 ** 28;

/**
 * Every key that begins with `start`, with its values, in byte order of the keys, as `modprobe -c` dumps them. Only what is on the
 * way to such keys is read. @throws {MalformedIndex}
 */
export function* listEntries(index: IndexFile, start = ""): Generator<IndexEntry> {
	const { bytes } = index;
	const node = blankNode();
	// Nodes to read, three numbers each: the offset, the length of the parent's key, and the character that leads from the
	// parent. A stack in place of recursion, since an untrusted file determines the depth.
	const tasks: number[] = [];
	const path = new KeyBytes();
	let left = bytes.length;
	let listed = 0;
	if ((index.root & POSITION) !== 0) tasks.push(index.root, 0, NO_CHARACTER);
	while (tasks.length > 0) {
		const character = tasks.pop()!;
		path.length = tasks.pop()!;
		left = spend(index, left, readNode(index, tasks.pop()!, node));
		if (character !== NO_CHARACTER) path.add(character);
		for (let at = node.prefixStart; at < node.prefixEnd; at++) path.add(bytes[at]!);
		if (!path.agreesWith(start)) continue;
		for (let next = node.last; next >= node.first; next--) {
			const child = childOffset(index, node, next);
			if (child !== 0) tasks.push(child, path.length, next);
		}
		if (node.valueCount === 0 || path.length < start.length) continue;
		const key = path.text();
		let at = node.valuesStart;
		for (let n = node.valueCount; n > 0; n--) {
			if (at + 4 > bytes.length) throw outside(index, "a value", at);
			const end = valueEnd(index, at + 4);
			left = spend(index, left, end + 1 - at);
			listed += key.length + end - at - 4;
			if (listed > LONGEST_LIST_BYTES)
				throw new MalformedIndex(
					index.file,
					`its keys and values are longer than ${LONGEST_LIST_BYTES >> 20} MiB together`,
				);
			yield { key, priority: bytes.readUInt32BE(at), value: bytes.toString("latin1", at + 4, end) };
			at = end + 1;
		}
	}
}

const NO_CHARACTER = -1;

/** The key of the current node: the bytes of its parent's key, then its own. */
class KeyBytes {
	length = 0;
	#bytes = Buffer.allocUnsafe(256);

	add(byte: number): void {
		if (this.length === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, this.#bytes]);
		this.#bytes[this.length++] = byte;
	}

	/** Whether this key begins with `start`, or `start` with this key. */
	agreesWith(start: string): boolean {
		const end = Math.min(this.length, start.length);
		for (let at = 0; at < end; at++) if (this.#bytes[at] !== start.charCodeAt(at)) return false;
		return true;
	}

	text(): string {
		return this.#bytes.toString("latin1", 0, this.length);
	}
}
