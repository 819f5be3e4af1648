// Writes depmod's binary indexes, modules.*.bin: the trie that index-file.ts reads and describes.
//
// Parents are written before children, the root at byte 12, as depmod does since version 34. The keys are divided by one
// character at a time, which makes the trie without sorting the keys or keeping nodes: a node is a range of entries. All data
// is in a few arrays of numbers for speed: there are 50,000 entries, and each is visited once, by code that the JIT has not
// compiled yet.

import { HotplugdError } from "../kernel/errors.js";
import { LONGEST_LIST_BYTES } from "./index-file.js";

/** The entries cannot be written to an index. The message is a clause that names the entry and the reason. */
export class UnwritableIndex extends HotplugdError {
	override readonly name = "UnwritableIndex";
	override readonly code = "ERR_UNWRITABLE_INDEX";
}

/**
 * Entries, stored by columns. Keys are ASCII, values are any bytes but NUL. A look-up finds the values of one key by ascending
 * priority; for equal priorities, the later one comes first.
 */
export class IndexEntries {
	readonly keys: string[] = [];
	readonly priorities: number[] = [];
	readonly values: string[] = [];

	/**
	 * Makes the columns from entries. Entries read from an index come in look-up order: reverse them to write them in the same
	 * order again.
	 */
	static of(
		entries: Iterable<{ readonly key: string; readonly priority: number; readonly value: string }>,
	): IndexEntries {
		const columns = new IndexEntries();
		for (const { key, priority, value } of entries) columns.add(key, priority, value);
		return columns;
	}

	/**
	 * Adds an entry. A key too long for any look-up is left out: symbols may have any name, and one such symbol must not affect
	 * others.
	 */
	add(key: string, priority: number, value: string): void {
		if (key.length > LONGEST_KEY_BYTES) return;
		this.keys.push(key);
		this.priorities.push(priority);
		this.values.push(value);
	}
}

const PREFIX = 0x80000000;
const VALUES = 0x40000000;
const CHILDREN = 0x20000000;
/** Bytes that 28-bit offsets can address. */
const LARGEST_INDEX_BYTES = 2 ** 28;
/** Characters: PATH_MAX with its NUL. No alias and no query is longer. */
const LONGEST_KEY_BYTES = 4095;
const ROOT_SLOT = 8;
/** The group of keys whose next byte is DEL, the last of ASCII. */
const LAST_GROUP = 0x80;

/**
 * Builds the bytes of the index.
 * @param onLeftOut called for a key that differs from another one in a byte beyond ASCII: kmod's and udev's readers find no
 * children at such bytes, so the key is left out. When undefined, every key that is not ASCII is refused.
 * @throws {UnwritableIndex} for a NUL, or for more than 256 MiB
 */
export function buildIndex(entries: IndexEntries, onLeftOut?: (key: string) => void): Buffer {
	const writer = new IndexWriter(entries, onLeftOut);
	writer.writeAll();
	return writer.finish();
}

/** Concatenated texts: text `n` lies between `starts[n]` and `starts[n + 1]`. */
type Texts = { readonly bytes: Buffer; readonly starts: Uint32Array };

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL ends a key, so it cannot be in one
const UNFIT_FOR_KEYS = /[^\x01-\x7f]/;
/** Values, such as the paths of modules, may have any byte but NUL. */
const UNFIT_FOR_VALUES = /[\0\u0100-\uffff]/;

function concatenate(texts: readonly string[], unfit: RegExp): Texts {
	const all = texts.join("");
	if (unfit.test(all)) {
		const bad = texts.find((text) => unfit.test(text));
		throw new UnwritableIndex(`"${bad}" has ${unfit === UNFIT_FOR_KEYS ? "bytes that are not ASCII" : "a NUL in it"}`);
	}
	const starts = new Uint32Array(texts.length + 1);
	for (let n = 0; n < texts.length; n++) starts[n + 1] = starts[n]! + texts[n]!.length;
	return { bytes: Buffer.from(all, "latin1"), starts };
}

/**
 * Checks the total length before the texts are joined, since a string has a maximum length too. A longer list could not be read
 * back either.
 */
export function checkLength(columns: readonly (readonly string[])[]): void {
	let characters = 0;
	for (const texts of columns) for (const text of texts) characters += text.length;
	if (characters > LONGEST_LIST_BYTES)
		throw new UnwritableIndex(`its keys and values would be longer than ${LONGEST_LIST_BYTES >> 20} MiB together`);
}

class IndexWriter {
	readonly #keys: Texts;
	readonly #values: Texts;
	readonly #priorities: Uint32Array;
	/** Entry numbers, rearranged while the keys are divided. Equal keys keep their order. */
	readonly #order: Uint32Array;
	readonly #spare: Uint32Array;
	readonly #counts = new Uint32Array(0x101);
	readonly #onLeftOut: ((key: string) => void) | undefined;
	/**
	 * Nodes to write, four numbers each: the start and end of its range of entries, the length of the key at its parents, and
	 * the place for its offset. A stack in place of recursion: the trie may be as deep as its keys are long.
	 */
	readonly #tasks: number[] = [];
	#bytes = Buffer.allocUnsafe(1 << 20);
	#at = 0;

	constructor({ keys, priorities, values }: IndexEntries, onLeftOut: ((key: string) => void) | undefined) {
		checkLength([keys, values]);
		this.#onLeftOut = onLeftOut;
		this.#keys = concatenate(keys, onLeftOut === undefined ? UNFIT_FOR_KEYS : UNFIT_FOR_VALUES);
		this.#values = concatenate(values, UNFIT_FOR_VALUES);
		this.#priorities = Uint32Array.from(priorities);
		this.#order = Uint32Array.from(keys.keys());
		this.#spare = new Uint32Array(keys.length);
	}

	writeAll(): void {
		for (const number of [0xb007f457, 0x00020001, 0]) this.#writeNumber(number);
		const tasks = this.#tasks;
		tasks.push(0, this.#order.length, 0, ROOT_SLOT);
		while (tasks.length > 0) {
			const slot = tasks.pop()!;
			const depth = tasks.pop()!;
			const to = tasks.pop()!;
			const from = tasks.pop()!;
			this.#writeNode(from, to, depth, slot);
		}
	}

	finish(): Buffer {
		return this.#bytes.subarray(0, this.#at);
	}

	// The root never has a prefix, as in depmod.
	#writeNode(from: number, all: number, depth: number, slot: number): void {
		const start = this.#at;
		const end = slot === ROOT_SLOT ? depth : this.#commonEnd(from, all, depth);
		if (end > depth) {
			const key = this.#keys.starts[this.#order[from]!]!;
			this.#writeText(this.#keys, key + depth, key + end);
		}
		const ended = this.#divide(from, all, end);
		const to = this.#onLeftOut === undefined ? all : this.#leaveOut(ended, all, end, this.#onLeftOut);
		if (ended < to) this.#writeChildren(ended, to, end);
		if (ended > from) this.#writeValues(from, ended);
		if (this.#at > LARGEST_INDEX_BYTES) throw new UnwritableIndex("it would be larger than 256 MiB");
		const flags = (end > depth ? PREFIX : 0) + (ended < to ? CHILDREN : 0) + (ended > from ? VALUES : 0);
		this.#patch(slot, start + flags);
	}

	/** The length of the common prefix of the keys of a range. */
	#commonEnd(from: number, to: number, depth: number): number {
		const { bytes, starts } = this.#keys;
		const order = this.#order;
		const first = starts[order[from]!]!;
		let end = starts[order[from]! + 1]! - first;
		for (let i = from + 1; i < to && end > depth; i++) {
			const key = starts[order[i]!]!;
			const most = Math.min(end, starts[order[i]! + 1]! - key);
			let at = depth;
			while (at < most && bytes[key + at] === bytes[first + at]) at++;
			end = at;
		}
		return end;
	}

	/** Groups a range by the character at `at`, keys that end there first. Returns the end of those. */
	#divide(from: number, to: number, at: number): number {
		const order = this.#order;
		if (to - from === 1) return this.#groupOf(order[from]!, at) === 0 ? to : from;
		const spare = this.#spare;
		const counts = this.#counts;
		let lowest = counts.length;
		let highest = 0;
		for (let i = from; i < to; i++) {
			const group = this.#groupOf(order[i]!, at);
			spare[i] = order[i]!;
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
		for (let i = from; i < to; i++) order[counts[this.#groupOf(spare[i]!, at)]!++] = spare[i]!;
		counts.fill(0, lowest, highest + 1);
		return ended;
	}

	/** Leaves out the keys whose next byte is beyond ASCII, which stand last. Returns where they begin. */
	#leaveOut(from: number, to: number, at: number, tell: (key: string) => void): number {
		let end = to;
		while (end > from && this.#groupOf(this.#order[end - 1]!, at) > LAST_GROUP) end--;
		const { bytes, starts } = this.#keys;
		for (const entry of this.#order.subarray(end, to))
			tell(bytes.toString("latin1", starts[entry]!, starts[entry + 1]!));
		return end;
	}

	/** The group of an entry: 0 for a key that ends at `at`, else its character at `at` plus 1. */
	#groupOf(entry: number, at: number): number {
		const { bytes, starts } = this.#keys;
		const place = starts[entry]! + at;
		return place < starts[entry + 1]! ? bytes[place]! + 1 : 0;
	}

	/** Reserves the table of child offsets. Each offset is filled in when the child is written. */
	#writeChildren(from: number, to: number, depth: number): void {
		const order = this.#order;
		const first = this.#groupOf(order[from]!, depth) - 1;
		const last = this.#groupOf(order[to - 1]!, depth) - 1;
		const table = this.#at + 2;
		this.#reserve(2 + 4 * (last - first + 1));
		this.#bytes[this.#at] = first;
		this.#bytes[this.#at + 1] = last;
		this.#at = table + 4 * (last - first + 1);
		this.#bytes.fill(0, table, this.#at);
		for (let end = to, i = to - 1; i >= from; i--) {
			const character = this.#groupOf(order[i]!, depth) - 1;
			if (i > from && this.#groupOf(order[i - 1]!, depth) - 1 === character) continue;
			this.#tasks.push(i, end, depth + 1, table + 4 * (character - first));
			end = i;
		}
	}

	#writeValues(from: number, to: number): void {
		const { starts } = this.#values;
		const priorities = this.#priorities;
		const entries = this.#order.subarray(from, to);
		if (entries.length > 1) entries.reverse().sort((a, b) => priorities[a]! - priorities[b]! || b - a);
		this.#writeNumber(entries.length);
		for (let i = from; i < to; i++) {
			const entry = this.#order[i]!;
			this.#writeNumber(priorities[entry]!);
			this.#writeText(this.#values, starts[entry]!, starts[entry + 1]!);
		}
	}

	#writeNumber(value: number): void {
		this.#reserve(4);
		this.#patch(this.#at, value);
		this.#at += 4;
	}

	#patch(at: number, value: number): void {
		const bytes = this.#bytes;
		bytes[at] = value >>> 24;
		bytes[at + 1] = value >>> 16;
		bytes[at + 2] = value >>> 8;
		bytes[at + 3] = value;
	}

	/** Writes a part of a text and a NUL. Most texts are so short that a native call would cost more than the loop. */
	#writeText({ bytes: source }: Texts, from: number, to: number): void {
		this.#reserve(to - from + 1);
		const bytes = this.#bytes;
		let at = this.#at;
		for (let i = from; i < to; i++) bytes[at++] = source[i]!;
		bytes[at] = 0;
		this.#at = at + 1;
	}

	#reserve(size: number): void {
		if (this.#at + size <= this.#bytes.length) return;
		const larger = Buffer.allocUnsafe(2 * this.#bytes.length + size);
		this.#bytes.copy(larger, 0, 0, this.#at);
		this.#bytes = larger;
	}
}
