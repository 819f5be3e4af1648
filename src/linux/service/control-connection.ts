// One client of a control socket. Its lines are answered one after the other. While a line is being answered, or the client does
// not read the answer, at most one further line is read: all else that the client sends stays in the kernel's receive buffer.

import type { Socket } from "node:net";
import type { Client } from "../../ports/control.js";

export type ConnectionLimits = {
	answer(line: Buffer, client: Client): Promise<string | Uint8Array>;
	lineage(socket: Socket): readonly number[];
	readonly oneAnswer?: boolean;
	readonly lineBytes: number;
	readonly silenceMilliseconds: number;
};

const NEWLINE = 10;
/** The most bytes that are read and dropped behind a line that was cut off, until the client closes. */
const DROPPED_BYTES = 2 ** 20;
/** Milliseconds between two checks whether a client that sends nothing more is still there. */
const LOOK_MILLISECONDS = 1000;

export class ControlConnection {
	readonly #socket: Socket;
	readonly #limits: ConnectionLimits;
	readonly #client: Client;
	/** Bytes that were read and are not taken as a line yet. */
	#rest: Buffer[] = [];
	#size = 0;
	#hasLine = false;
	#answering = false;
	/** True once no further line is taken. */
	#last = false;
	/**
	 * How many bytes behind a line that was cut off were dropped. If they stayed unread, the kernel would reset the connection, and
	 * the client might lose the answer.
	 */
	#dropped: number | undefined;
	readonly #silence: NodeJS.Timeout;
	#looks: NodeJS.Timeout | undefined;

	constructor(socket: Socket, limits: ConnectionLimits) {
		this.#socket = socket;
		this.#limits = limits;
		this.#client = { lineage: () => limits.lineage(socket), hasGone: () => socket.destroyed };
		this.#silence = setTimeout(() => this.#endSilence(), limits.silenceMilliseconds);
		socket.on("data", (chunk: Buffer) => this.#read(chunk));
		socket.on("drain", () => this.#hasRead());
		socket.on("end", () => this.#hearEnd());
		// The event "close" follows an error, and cleans up.
		socket.on("error", () => {});
		socket.once("close", () => this.#forget());
	}

	/** Closes the connection after the answer that is under way, and takes no further line. */
	finish(): void {
		this.#last = true;
		if (!this.#answering) this.#end();
	}

	destroy(): void {
		this.#socket.destroy();
	}

	#read(chunk: Buffer): void {
		if (this.#dropped !== undefined) {
			this.#drop(this.#dropped + chunk.length);
			return;
		}
		this.#rest.push(chunk);
		this.#size += chunk.length;
		this.#hasLine ||= chunk.includes(NEWLINE) || this.#size > this.#limits.lineBytes;
		this.#advance();
	}

	#drop(size: number): void {
		this.#dropped = size;
		if (size <= DROPPED_BYTES) return;
		if (this.#socket.writableEnded) this.#socket.destroy();
		else this.#socket.pause();
	}

	#advance(): void {
		const mayTake = !this.#answering && !this.#last && !this.#socket.writableNeedDrain;
		if (this.#hasLine && mayTake) void this.#answer(this.#takeLine());
		if (this.#hasLine) this.#socket.pause();
		else this.#socket.resume();
	}

	#takeLine(): Buffer {
		const all = this.#rest.length === 1 ? this.#rest[0]! : Buffer.concat(this.#rest);
		const { lineBytes, oneAnswer = false } = this.#limits;
		const end = all.indexOf(NEWLINE);
		const tooLong = end < 0 || end > lineBytes;
		this.#last = oneAnswer || tooLong;
		if (tooLong) this.#dropped = 0;
		const rest = tooLong ? Buffer.alloc(0) : all.subarray(end + 1);
		this.#rest = [rest];
		this.#size = rest.length;
		this.#hasLine = rest.includes(NEWLINE);
		return all.subarray(0, tooLong ? lineBytes + 1 : end);
	}

	async #answer(line: Buffer): Promise<void> {
		this.#answering = true;
		this.#lookNowAndThen();
		try {
			const answer = await this.#limits.answer(line, this.#client);
			if (!this.#socket.destroyed) this.#socket.write(answer, "latin1");
		} catch {
			this.#socket.destroy();
		}
		// The next line waits for a turn of the event loop, so that one client does not starve the others.
		setImmediate(() => this.#hasAnswered());
	}

	#hasAnswered(): void {
		this.#answering = false;
		if (this.#socket.destroyed) return;
		if (!this.#socket.readableEnded) this.#lookNoMore();
		this.#silence.refresh();
		if (this.#last || (this.#socket.readableEnded && !this.#hasLine)) this.#end();
		else this.#advance();
	}

	/** The client has read all answers so far, if slowly. */
	#hasRead(): void {
		this.#silence.refresh();
		this.#advance();
	}

	/** The client has closed its side for writing. Bytes without a newline are no line. */
	#hearEnd(): void {
		if (!this.#answering && !this.#hasLine) this.#end();
		else this.#lookNowAndThen();
	}

	/** Writes zero bytes now and then: only the error of a write tells that the client has closed the connection altogether. */
	#lookNowAndThen(): void {
		this.#looks ??= setInterval(() => {
			if (this.#socket.writableLength === 0) this.#socket.write("");
		}, LOOK_MILLISECONDS);
	}

	#lookNoMore(): void {
		clearInterval(this.#looks);
		this.#looks = undefined;
	}

	/** Closes the connection once all answers are written, and all bytes that are to be dropped were read. */
	#end(): void {
		this.#lookNoMore();
		this.#socket.end(() => {
			if (this.#isDone()) this.#socket.destroy();
		});
	}

	#isDone(): boolean {
		return this.#dropped === undefined || this.#dropped > DROPPED_BYTES || this.#socket.readableEnded;
	}

	/**
	 * Waits one more turn of the event loop: if the loop was blocked until the timer fired, the client's line may still be unread.
	 */
	#endSilence(): void {
		setImmediate(() => {
			if (!this.#answering) this.#socket.destroy();
		});
	}

	#forget(): void {
		clearTimeout(this.#silence);
		this.#lookNoMore();
		this.#rest = [];
	}
}
