// The names of symbols, each stored once and identified by a number. depmod meets some 400,000 names in the modules of a
// distribution's kernel, of which 25,000 are distinct. Names are compared in place, and become strings only to be written.

/** Numbers for names, counting from 0 in the order in which names are first seen. */
export class SymbolNames {
	#bytes = Buffer.allocUnsafe(1 << 19);
	/** Name `n` lies between `#starts[n]` and `#starts[n + 1]`. */
	#starts = new Uint32Array(1 << 14);
	#hashes = new Uint32Array(1 << 14);
	/** A hash table with open addressing: number plus one; 0 is a free slot. */
	#table = new Uint32Array(1 << 16);
	#count = 0;
	#text = "";
	#textCount = 0;

	get count(): number {
		return this.#count;
	}

	/** The number of the name that begins at `at` in `image` and ends at a NUL or at `limit`. */
	number(image: Uint8Array, at: number, limit: number): number {
		// FNV-1a
		let hash = 0x811c9dc5;
		let end = at;
		for (; end < limit; end++) {
			const byte = image[end]!;
			if (byte === 0) break;
			hash = Math.imul(hash ^ byte, 0x01000193);
		}
		hash >>>= 0;
		const table = this.#table;
		const mask = table.length - 1;
		for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
			const found = table[slot]! - 1;
			if (found === -1) return this.#add(image, at, end, hash, slot);
			if (this.#hashes[found] === hash && this.#equals(found, image, at, end)) return found;
		}
	}

	/** The number of a string of one character per byte. */
	numberOf(name: string): number {
		const bytes = Buffer.from(name, "latin1");
		return this.number(bytes, 0, bytes.length);
	}

	/** The name of a number, one character per byte. */
	nameOf(number: number): string {
		// Slices of one string are cheaper than separate strings.
		if (this.#textCount !== this.#count) {
			this.#textCount = this.#count;
			this.#text = this.#bytes.toString("latin1", 0, this.#starts[this.#count]);
		}
		return this.#text.slice(this.#starts[number]!, this.#starts[number + 1]!);
	}

	#equals(number: number, image: Uint8Array, at: number, end: number): boolean {
		const bytes = this.#bytes;
		let known = this.#starts[number]!;
		if (this.#starts[number + 1]! - known !== end - at) return false;
		for (let i = at; i < end; i++) if (bytes[known++] !== image[i]) return false;
		return true;
	}

	#add(image: Uint8Array, at: number, end: number, hash: number, slot: number): number {
		const number = this.#count++;
		const start = this.#starts[number]!;
		this.#grow(start + end - at);
		this.#bytes.set(image.subarray(at, end), start);
		this.#hashes[number] = hash;
		this.#starts[number + 1] = start + end - at;
		this.#table[slot] = number + 1;
		if (this.#count * 2 > this.#table.length) this.#rehash();
		return number;
	}

	#grow(bytes: number): void {
		if (bytes > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * bytes);
		if (this.#count + 1 < this.#starts.length) return;
		this.#starts = doubled(this.#starts);
		this.#hashes = doubled(this.#hashes);
	}

	#rehash(): void {
		const table = new Uint32Array(2 * this.#table.length);
		const mask = table.length - 1;
		for (let number = 0; number < this.#count; number++) {
			const hash = this.#hashes[number]!;
			let slot = (hash ^ (hash >>> 15)) & mask;
			while (table[slot] !== 0) slot = (slot + 1) & mask;
			table[slot] = number + 1;
		}
		this.#table = table;
	}
}

function doubled(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
	const larger = new Uint32Array(2 * numbers.length);
	larger.set(numbers);
	return larger;
}
