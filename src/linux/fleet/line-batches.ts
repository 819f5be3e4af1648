// Splits an input into batches of whole lines, in memory that threads share: a batch is handed to a thread without a copy, and is
// still there when a thread has died of it.

import { formatBytes } from "../../libkmod/kernel/bounds.js";

/** Lines in shared memory. */
export type SharedBatch = {
	/** The number of the first line, from 1. */
	readonly firstLine: number;
	readonly lines: number;
	readonly memory: SharedArrayBuffer;
	/** Where the lines begin and end in the memory. */
	readonly start: number;
	readonly end: number;
	/** As in LineBatch. */
	readonly refused?: string;
	/** The memory has other batches too. */
	readonly isPart?: true;
};

export type LineLimits = {
	/** Bytes of a batch, unless one line has more. */
	readonly batchBytes: number;
	/** The longest line that is worked on, in bytes, without its newline. */
	readonly lineBytes: number;
};

export const lineLimits: LineLimits = {
	/** Some twenty captures: few enough messages to threads, and little memory. */
	batchBytes: 2 ** 20,
	/** A capture with all indexes of a kernel has some 3 MiB. */
	lineBytes: 2 ** 26,
};

const NEWLINE = 10;

/**
 * Collects lines: `add` pieces of the input, and `take` batches, when `add` has left bytes over or a thread has nothing to do. Memory
 * of batches that have been worked on comes back by `reuse`.
 */
export class LineBatches {
	readonly #limits: LineLimits;
	readonly #spare: SharedArrayBuffer[] = [];
	#memory: SharedArrayBuffer;
	#bytes: Buffer;
	#used = 0;
	/** Where the last whole line ends. */
	#whole = 0;
	#wholeLines = 0;
	#firstLine = 1;
	/** Set while a line is read that is too long: "found" until `take` has refused it, "passed" until its newline. */
	#tooLong: "found" | "passed" | undefined;

	constructor(limits = lineLimits) {
		this.#limits = limits;
		this.#memory = this.#allocate(0);
		this.#bytes = Buffer.from(this.#memory);
	}

	/** Takes bytes from the front of a piece and returns the rest, for which there is room once `take` was called. */
	add(piece: Buffer): Buffer {
		let rest = this.#tooLong === "passed" ? this.#passLine(piece) : piece;
		while (rest.length > 0 && this.#tooLong === undefined) {
			const fitting = rest.subarray(0, this.#bytes.length - this.#used);
			this.#append(fitting);
			rest = rest.subarray(fitting.length);
			if (this.#wholeLines > 0) break;
			if (rest.length > 0) this.#grow();
		}
		return rest;
	}

	/** All whole lines; at the end of the input also a last line without its newline. Undefined when there are none. */
	take(isEnd = false): SharedBatch | undefined {
		if (this.#tooLong === "found") return this.#refuseLine();
		const end = isEnd ? this.#used : this.#whole;
		if (end === 0) return undefined;
		const lines = this.#wholeLines + (end > this.#whole ? 1 : 0);
		const batch = { firstLine: this.#firstLine, lines, memory: this.#memory, start: 0, end };
		this.#firstLine += lines;
		this.#startAfter(end);
		return batch;
	}

	/** Takes back the memory of a batch. Memory of another size than usual is left to the garbage collector. */
	reuse({ memory, isPart }: SharedBatch): void {
		if (!isPart && memory.byteLength === this.#limits.batchBytes) this.#spare.push(memory);
	}

	#append(bytes: Buffer): void {
		bytes.copy(this.#bytes, this.#used);
		for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
			this.#whole = this.#used + at + 1;
			this.#wholeLines++;
		}
		this.#used += bytes.length;
	}

	/** Makes room for a line that is longer than the memory, unless it is longer than a line may be. */
	#grow(): void {
		if (this.#used > this.#limits.lineBytes) this.#tooLong = "found";
		else this.#moveTo(this.#allocate(2 * this.#used), 0);
	}

	#refuseLine(): SharedBatch {
		this.#tooLong = "passed";
		const batch = { firstLine: this.#firstLine, lines: 1, memory: new SharedArrayBuffer(0), start: 0, end: 0 };
		this.#firstLine++;
		this.#startAfter(this.#used);
		return { ...batch, refused: `it is longer than ${formatBytes(this.#limits.lineBytes)}, the limit for a capture` };
	}

	/** The bytes of a piece behind the newline that ends the line at hand. */
	#passLine(piece: Buffer): Buffer {
		const end = piece.indexOf(NEWLINE);
		if (end < 0) return piece.subarray(piece.length);
		this.#tooLong = undefined;
		return piece.subarray(end + 1);
	}

	/** Begins another batch with the bytes behind the lines that were taken. */
	#startAfter(end: number): void {
		this.#moveTo(this.#allocate(this.#used - end), end);
		this.#whole = 0;
		this.#wholeLines = 0;
	}

	#moveTo(memory: SharedArrayBuffer, from: number): void {
		const bytes = Buffer.from(memory);
		this.#bytes.copy(bytes, 0, from, this.#used);
		this.#memory = memory;
		this.#bytes = bytes;
		this.#used -= from;
	}

	/** Memory for at least so many bytes. */
	#allocate(bytes: number): SharedArrayBuffer {
		const { batchBytes } = this.#limits;
		if (bytes > batchBytes) return new SharedArrayBuffer(bytes);
		return this.#spare.pop() ?? new SharedArrayBuffer(batchBytes);
	}
}
