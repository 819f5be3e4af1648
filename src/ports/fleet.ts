// The port to a fleet's captures: the lines of a file or pipe, which threads work on and answer in order, and files that are written
// piece by piece. src/linux/fleet implements it.

/** Lines that one thread works on. All lines of a batch follow each other, and each byte lies in one batch alone. */
export type LineBatch = {
	/** The number of its first line, from 1. */
	readonly firstLine: number;
	/** Whole lines, each ended by a newline, but for the last one of the input perhaps. The bytes are valid until the answer is made. */
	readonly bytes: Buffer;
	/** Why the lines are not to be looked at, in a sentence: a line was too long, or has ended a thread. Then there is one line. */
	readonly refused?: string;
};

/** What a thread makes of a batch. Memory in `transfer` goes to the main thread without a copy. */
export type Answered = { readonly answer: unknown; readonly transfer?: readonly ArrayBuffer[] };

export type FleetOptions<Answer> = {
	/** A file's path, or "-" for standard input. gzip and zstd are told by the first bytes. */
	readonly input: string;
	/** What src/fleet-thread.ts is told: plain data. */
	readonly task: unknown;
	/** Called with the answers in the order of the lines. The next answer, and in the end the reading, waits for it. */
	onAnswer(answer: Answer): Promise<void>;
};

/** A file that is written piece by piece beside its path, and appears there whole, or not at all. */
export type GrowingFile = {
	/** @throws {Refusal} by "write" */
	write(bytes: Uint8Array): Promise<void>;
	/** Puts the file in its place, safe against a loss of power. @throws {Refusal} by "write" or "replace" */
	finish(): Promise<void>;
	/** Removes what was written. Does nothing after `finish`. */
	drop(): void;
};

export type Fleet = {
	/**
	 * Reads lines, has threads work on them, one for each core, and hands over the answers in order. Reading waits for the threads and
	 * for `onAnswer`, so that the memory in use does not grow with the input.
	 * @throws {Refusal} by "read" when the input cannot be read, or not to its end: the lines before have their answers then
	 * @throws what `onAnswer` throws, and the error of a thread that cannot begin
	 */
	answerLines<Answer>(options: FleetOptions<Answer>): Promise<void>;
	/** Writes to standard output while this thread goes on with other work. @throws {Refusal} by "write", such as EPIPE */
	print(bytes: Uint8Array): Promise<void>;
	/** A regular file, new or to be replaced. A device or pipe is refused. @throws {Refusal} by "write" */
	growFile(path: string): Promise<GrowingFile>;
};
