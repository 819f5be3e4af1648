// The port to Unix sockets whose protocol is lines and answers. src/linux/service implements it.

/** The client that sent a request. */
export type Client = {
	/** The pids of the client and of its ancestors, and the ids of their sessions, as far as they are known. */
	lineage(): readonly number[];
	/** Whether the client has closed the connection, and waits for the answer no longer. */
	hasGone(): boolean;
};

export type ControlOptions = {
	readonly path: string;
	/** Given a line without its newline, resolves with the answer, newline included. A rejection ends the connection. */
	answer(line: Buffer, client: Client): Promise<string | Uint8Array>;
	/** Whether the first answer ends the connection. */
	readonly oneAnswer?: boolean;
	/** The most connections at once, 64 when absent. Further ones are closed unread. */
	readonly connections?: number;
};

export type ControlSocket = {
	/**
	 * Accepts no further connection and removes the socket's file. Resolves when the answers under way are written, or after a
	 * second.
	 */
	close(): Promise<void>;
};

export type Connection = {
	/**
	 * Resolves with the first line, without its newline. A line of more than `longest` bytes is cut off one byte after that.
	 * Undefined when the peer ends without a line, or sends none for too long.
	 */
	readLine(longest: number): Promise<Uint8Array | undefined>;
	/** Writes a line that comes before the answer. */
	tell(text: string): void;
	/** Writes the answer and closes the connection: called once, last. */
	answer(text: string): Promise<void>;
};

/**
 * Sends a line to a socket, and resolves with the line that answers it: the first for which `isNews` is false.
 * @throws {Refusal}
 */
export type Ask = (
	path: string,
	line: string,
	timeoutMilliseconds: number,
	/** Whether a line is progress, and not the answer yet. */
	isNews?: (line: Buffer) => boolean,
) => Promise<Buffer>;
