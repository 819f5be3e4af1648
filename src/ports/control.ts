// The port to Unix sockets that take lines and answer them: src/linux/service has the real side.

/** Whoever sent a request. */
export type Client = {
	/** Its process, that one's parents and the sessions of them all, as far as they can be told. */
	lineage(): readonly number[];
	/** Whether it does not wait for the answer any more. */
	hasGone(): boolean;
};

export type ControlOptions = {
	readonly path: string;
	/** A line without its newline -> what is written back, its newline included. What it throws ends the connection. */
	answer(line: Buffer, client: Client): Promise<string | Uint8Array>;
	/** The first answer ends the connection. */
	readonly oneAnswer?: boolean;
	/** More connections at once are closed unheard: 64 when absent. */
	readonly connections?: number;
};

export type ControlSocket = {
	/** Nobody connects any more; resolves once what is being answered was, or after a second. The socket's file is gone. */
	close(): Promise<void>;
};

export type Connection = {
	/**
	 * The first line, without its newline: cut off one byte after the longest where it is longer, and undefined where the
	 * other side ends without one, or says nothing for too long.
	 */
	readLine(longest: number): Promise<Uint8Array | undefined>;
	/** What comes before the answer. */
	tell(text: string): void;
	/** To be called once, last. */
	answer(text: string): Promise<void>;
};

/** Sends a line to a socket, and resolves with the line that answers it, the first that is no news. @throws {Refusal} */
export type Ask = (
	path: string,
	line: string,
	timeoutMilliseconds: number,
	/** Whether a line is not the answer yet. */
	isNews?: (line: Buffer) => boolean,
) => Promise<Buffer>;
