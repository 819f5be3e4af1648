// Writes depmod's binary indexes, modules.*.bin: the trie that index-file.ts reads and describes.
//
// Nodes are laid down parents first, the root at byte 12, as depmod has done since version 34. The keys are divided by
// one character at a time, which makes the trie without sorting the keys or keeping nodes: a node is a range of items.

/** The entries cannot be had in an index; the message is a clause that says which and why. */
export class UnwritableIndex extends Error {
	override readonly name = "UnwritableIndex";
}

/** Keys and values are ASCII. Values of one key are found by ascending priority, of equal priority the later item first. */
export type IndexItem = { readonly key: string; readonly priority: number; readonly value: string };

const PREFIX = 0x80000000;
const VALUES = 0x40000000;
const CHILDREN = 0x20000000;
const MAX_SIZE = 0x10000000;
const ROOT_SLOT = 8;

/** A node to write: which items lie below it, how much of their keys its parents have, where its offset is to go. */
type Task = { readonly from: number; readonly to: number; readonly depth: number; readonly slot: number };

/** The bytes of the index. @throws {UnwritableIndex} for what is not ASCII, or for more than 256 MiB. */
export function buildIndex(items: readonly IndexItem[]): Buffer {
	const ranges = new KeyRanges(items);
	const bytes = new GrowingBytes();
	bytes.number(0xb007f457);
	bytes.number(0x00020001);
	bytes.number(0);
	// A stack in place of recursion: keys may nest as deep as they are long.
	const tasks: Task[] = [{ from: 0, to: items.length, depth: 0, slot: ROOT_SLOT }];
	for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) writeNode(task, ranges, bytes, tasks);
	return bytes.finish();
}

// The root never has a prefix, as in depmod.
function writeNode({ from, to, depth, slot }: Task, ranges: KeyRanges, bytes: GrowingBytes, tasks: Task[]): void {
	const start = bytes.length;
	const end = slot === ROOT_SLOT ? depth : ranges.commonEnd(from, to, depth);
	if (end > depth) bytes.text(ranges.item(from).key, depth, end);
	const ended = ranges.divide(from, to, end);
	if (ended < to) writeChildren(ended, to, end, ranges, bytes, tasks);
	if (ended > from) writeValues(ranges.list(from, ended), bytes);
	if (bytes.length > MAX_SIZE) throw new UnwritableIndex("it would be larger than 256 MiB");
	const flags = (end > depth ? PREFIX : 0) + (ended < to ? CHILDREN : 0) + (ended > from ? VALUES : 0);
	bytes.patch(slot, start + flags);
}

// The table of children, to be filled in as they are written.
function writeChildren(
	from: number,
	to: number,
	depth: number,
	ranges: KeyRanges,
	bytes: GrowingBytes,
	tasks: Task[],
): void {
	const characterOf = (position: number) => ranges.item(position).key.charCodeAt(depth);
	const first = characterOf(from);
	const last = characterOf(to - 1);
	bytes.byte(first);
	bytes.byte(last);
	const table = bytes.length;
	bytes.zeros(4 * (last - first + 1));
	for (let end = to, i = to - 1; i >= from; i--) {
		const character = characterOf(i);
		if (i > from && characterOf(i - 1) === character) continue;
		tasks.push({ from: i, to: end, depth: depth + 1, slot: table + 4 * (character - first) });
		end = i;
	}
}

function writeValues(items: IndexItem[], bytes: GrowingBytes): void {
	if (items.length > 1) items.reverse().sort((a, b) => a.priority - b.priority);
	bytes.number(items.length);
	for (const { priority, value } of items) {
		bytes.number(priority);
		bytes.text(value, 0, value.length);
	}
}

/** The items, rearranged as their keys are divided. Equal keys keep their order. */
class KeyRanges {
	readonly #items: IndexItem[];
	readonly #spare: IndexItem[];
	readonly #counts = new Uint32Array(0x101);

	constructor(items: readonly IndexItem[]) {
		this.#items = [...items];
		this.#spare = [...items];
	}

	item(position: number): IndexItem {
		return this.#items[position]!;
	}

	list(from: number, to: number): IndexItem[] {
		return this.#items.slice(from, to);
	}

	/** How far the keys of a range agree. */
	commonEnd(from: number, to: number, depth: number): number {
		const first = this.#items[from]!.key;
		let end = first.length;
		for (let i = from + 1; i < to && end > depth; i++) {
			const { key } = this.#items[i]!;
			let at = depth;
			while (at < end && at < key.length && key.charCodeAt(at) === first.charCodeAt(at)) at++;
			end = at;
		}
		return end;
	}

	/** Groups a range by the character at `at`, the keys that end there in front; returns where those end. */
	divide(from: number, to: number, at: number): number {
		if (to - from === 1) return at < this.#items[from]!.key.length ? from : to;
		const items = this.#items;
		const spare = this.#spare;
		const counts = this.#counts;
		let lowest = counts.length;
		let highest = 0;
		for (let i = from; i < to; i++) {
			spare[i] = items[i]!;
			const group = groupOf(items[i]!.key, at);
			counts[group]!++;
			if (group < lowest) lowest = group;
			if (group > highest) highest = group;
		}
		const ended = from + counts[0]!;
		for (let group = lowest, next = from; group <= highest; group++) {
			const count = counts[group]!;
			counts[group] = next;
			next += count;
		}
		for (let i = from; i < to; i++) items[counts[groupOf(spare[i]!.key, at)]!++] = spare[i]!;
		counts.fill(0, lowest, highest + 1);
		return ended;
	}
}

// 0 for a key that ends here, else the character after its place. What is no byte is found out when it is written.
function groupOf(key: string, at: number): number {
	return at < key.length ? (key.charCodeAt(at) & 0xff) + 1 : 0;
}

class GrowingBytes {
	#bytes = Buffer.allocUnsafe(1 << 16);
	#at = 0;

	get length(): number {
		return this.#at;
	}

	byte(value: number): void {
		if (value > 0x7f) throw new UnwritableIndex("a key has characters that are not ASCII");
		this.#reserve(1);
		this.#bytes[this.#at++] = value;
	}

	number(value: number): void {
		this.#reserve(4);
		this.patch(this.#at, value);
		this.#at += 4;
	}

	patch(at: number, value: number): void {
		const bytes = this.#bytes;
		bytes[at] = value >>> 24;
		bytes[at + 1] = value >>> 16;
		bytes[at + 2] = value >>> 8;
		bytes[at + 3] = value;
	}

	zeros(count: number): void {
		this.#reserve(count);
		this.#bytes.fill(0, this.#at, this.#at + count);
		this.#at += count;
	}

	/** A part of a text, and NUL. Most are so short that a native call would cost more than they do. */
	text(text: string, from: number, to: number): void {
		this.#reserve(to - from + 1);
		const bytes = this.#bytes;
		let at = this.#at;
		let seen = 0;
		for (let i = from; i < to; i++) {
			const character = text.charCodeAt(i);
			seen |= character;
			bytes[at++] = character;
		}
		if (seen > 0x7f) throw new UnwritableIndex(`"${text}" has characters that are not ASCII`);
		bytes[at] = 0;
		this.#at = at + 1;
	}

	finish(): Buffer {
		return this.#bytes.subarray(0, this.#at);
	}

	#reserve(size: number): void {
		if (this.#at + size <= this.#bytes.length) return;
		const larger = Buffer.allocUnsafe(2 * this.#bytes.length + size);
		this.#bytes.copy(larger, 0, 0, this.#at);
		this.#bytes = larger;
	}
}
