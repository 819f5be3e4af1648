// A format that hotplugd reads, as the fuzz driver knows it: how a sound input is made, what its reader makes of any input, and
// which bounds the reader has.
import type { Random } from "../worlds/random-numbers.js";

export type Verdict = "accepted" | "refused";

export type FuzzFormat = {
	readonly name: string;
	/** Files of src that do the reading. */
	readonly sources: readonly string[];
	/** Functions of theirs, as test/fuzz.test.ts looks for them. */
	readonly readers: readonly string[];
	/** What both verdicts mean, for people. */
	readonly accepted: string;
	readonly refused: string;
	/** Which mutations it meets besides those of bytes. */
	readonly kind: "bytes" | "text";
	/** Words of its grammar, for mutations of text. */
	readonly words?: readonly string[];
	/** Where numbers stand in the bytes that a reader follows: lengths, offsets, counts. */
	readonly fields?: (input: Buffer) => readonly Field[];
	/** Of eight inputs so many stay sound. */
	readonly sound: number;
	sample(random: Random): Buffer;
	/**
	 * Reads it, and checks what came of that. What it throws is a finding; errors that the reader documents it takes for
	 * "refused".
	 */
	read(input: Buffer, random: Random): Verdict;
	readonly limits: readonly Limit[];
};

export type Field = { readonly at: number; readonly size: 1 | 2 | 4 | 8; readonly bigEndian: boolean };

/** A bound of a reader's. Inputs of n - 1 and n are `within` it, those of n + 1 `beyond`. */
export type Limit = {
	readonly bound: string;
	readonly n: number;
	make(n: number): Buffer;
	readonly within: Verdict;
	readonly beyond: Verdict;
};

/** What a reader has made of an input is not what it says it makes. */
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
