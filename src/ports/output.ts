// The port to standard output and standard error for commands that must never block on a slow reader. src/linux/output implements
// it.

export type Reports = {
	/**
	 * Writes whole lines. Neither throws nor blocks: lines for which the reader has no room are buffered, and dropped when the
	 * buffer is full.
	 */
	print(text: string | Uint8Array): void;
	complain(text: string): void;
	/** As in Machine: the same as print, for styled text. */
	printStyled?(text: string): void;
	/** Writes as much of the text to standard error as there is room for at once. The rest is dropped, and nothing waits for it. */
	offer?(text: string): void;
	/** As in Machine. */
	showProgress?(line: string): void;
	/**
	 * Resolves when all is written, or the patience is over, with the number of lines of standard output that were lost.
	 * @param patience called again and again while it waits
	 * @throws {Refusal} by "write", such as EPIPE when the reader has gone
	 */
	close(patience: () => Patience): Promise<number>;
};

/** How long close() waits for a reader, in milliseconds: `silence` while it reads nothing, `inAll` in total. */
export type Patience = { readonly silence: number; readonly inAll: number };

export type LogOptions = {
	/** Called with the number of lines that were dropped because the reader was too slow. The lines after them are written now. */
	onLost(lines: number): void;
};

export type LogOutput = {
	/**
	 * Writes a whole line. Never blocks and never throws: a log that cannot be written, on a full disk for example, must not keep a
	 * machine from its drivers.
	 */
	write(line: string): void;
	/** Writes as much of a text as there is room for at once, and drops the rest. Never blocks and never throws. */
	offer(text: string): void;
	/**
	 * Resolves when all is written, or the patience is over, with the number of lines that were not written whole.
	 * @param patience called again and again while it waits; one second when absent
	 */
	close(patience?: () => Patience): Promise<number>;
};
