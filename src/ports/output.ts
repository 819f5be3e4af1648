// The port to standard output and standard error of whatever must not wait for their readers: src/linux/output has the real side.

export type Reports = {
	/** Whole lines. Neither throws nor waits; what has no room is kept, and what is too much of that is left out. */
	print(text: string | Uint8Array): void;
	complain(text: string): void;
	/**
	 * Resolves when all is written, or is waited for no longer, with the number of lines of standard output that were lost.
	 * @param patience asked again and again. @throws {Refusal} by "write", such as EPIPE where the reader has gone
	 */
	close(patience: () => Patience): Promise<number>;
};

/** How long a reader is waited for, in milliseconds: while he reads nothing, and in all. */
export type Patience = { readonly silence: number; readonly inAll: number };

export type LogOptions = {
	/** So many lines had to be left out, since nobody reads them; those that are written now come after them. */
	onLost(lines: number): void;
};

export type LogOutput = {
	/** A whole line. It never waits; a log that cannot be written, its disk being full say, keeps no machine from its drivers. */
	write(line: string): void;
	/**
	 * Resolves when all is written, or is waited for no longer, with the number of lines that were not written whole.
	 * @param patience asked again and again; a second where absent
	 */
	close(patience?: () => Patience): Promise<number>;
};
