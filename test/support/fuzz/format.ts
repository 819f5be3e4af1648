// A format that hotplugd reads, as the fuzz driver sees it: how a valid input is made, the verdict of the format's reader on any
// input, and the reader's bounds.
import type { Random } from "../worlds/random-numbers.js";

export type Verdict = "accepted" | "refused";

export type FuzzFormat = {
	readonly name: string;
	/** Files of src that read the format. */
	readonly sources: readonly string[];
	/** Functions of these files that read it; test/fuzz.test.ts looks for them. */
	readonly readers: readonly string[];
	/** The meaning of both verdicts, for people. */
	readonly accepted: string;
	readonly refused: string;
	/** The kind of mutations that an input gets besides those of bytes. */
	readonly kind: "bytes" | "text";
	/** Words of the format's grammar, for mutations of text. */
	readonly words?: readonly string[];
	/** Places of the numbers in the bytes that a reader follows: lengths, offsets, counts. */
	readonly fields?: (input: Buffer) => readonly Field[];
	/** Of eight inputs, so many stay valid. */
	readonly sound: number;
	sample(random: Random): Buffer;
	/**
	 * Reads the input, and checks the result. An error that it throws is a finding; an error that the reader documents is the
	 * verdict "refused".
	 */
	read(input: Buffer, random: Random): Verdict;
	readonly limits: readonly Limit[];
};

export type Field = { readonly at: number; readonly size: 1 | 2 | 4 | 8; readonly bigEndian: boolean };

/** A bound of a reader. Inputs of n - 1 and n are `within` it, inputs of n + 1 are `beyond`. */
export type Limit = {
	readonly bound: string;
	readonly n: number;
	make(n: number): Buffer;
	readonly within: Verdict;
	readonly beyond: Verdict;
};

/** The reader's result contradicts what the reader documents. */
export class Finding extends Error {
	override readonly name = "Finding";
}

export function expect(condition: boolean, message: string): asserts condition {
	if (!condition) throw new Finding(message);
}

export function expectSame(one: unknown, other: unknown, message: string): void {
	const [first, second] = [JSON.stringify(one), JSON.stringify(other)];
	if (first !== second) throw new Finding(`${message}: ${shorten(first)} and ${shorten(second)}`);
}

const shorten = (text: string | undefined): string => (text ?? "undefined").slice(0, 300);

export const verdict = (accepted: boolean): Verdict => (accepted ? "accepted" : "refused");

export const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
