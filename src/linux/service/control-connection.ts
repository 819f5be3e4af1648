// One client of a control socket: its lines are answered one after the other. While one is being answered, or the client does
// not read the answer, no more is read than the line after it: what a client sends waits in the kernel.

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
/** So much of what is behind a line that was cut off is read and dropped, until the client closes. */
const DROPPED_BYTES = 2 ** 20;
/** Between two looks whether a client that sends nothing more still reads. */
const LOOK_MILLISECONDS = 1000;

export class ControlConnection {
	readonly #socket: Socket;
	readonly #limits: ConnectionLimits;
	readonly #client: Client;
	/** Read, and not yet taken as a line. */
	#rest: Buffer[] = [];
	#size = 0;
	#hasLine = false;
	#answering = false;
	/** No line is taken any more. */
	#last = false;
	/** Bytes behind a line that was cut off: were they left unread, the kernel would tell the client of a reset, maybe not of the answer. */
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
		// "close" follows.
		socket.on("error", () => {});
		socket.once("close", () => this.#forget());
	}

	/** Writes what is due, and closes. */
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
		// Everything else has its turn before the next line has.
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

	/** All answers so far, if slowly. */
	#hasRead(): void {
		this.#silence.refresh();
		this.#advance();
	}

	/** The client sends nothing more. What it began and did not end is no line. */
	#hearEnd(): void {
		if (!this.#answering && !this.#hasLine) this.#end();
		else this.#lookNowAndThen();
	}

	/** Nothing tells that it has left altogether but the error of a write, be it of nothing. */
	#lookNowAndThen(): void {
		this.#looks ??= setInterval(() => {
			if (this.#socket.writableLength === 0) this.#socket.write("");
		}, LOOK_MILLISECONDS);
	}

	#lookNoMore(): void {
		clearInterval(this.#looks);
		this.#looks = undefined;
	}

	/** Once all is written there is nothing to wait for, but for the end of what is dropped. */
	#end(): void {
		this.#lookNoMore();
		this.#socket.end(() => {
			if (this.#isDone()) this.#socket.destroy();
		});
	}

	#isDone(): boolean {
		return this.#dropped === undefined || this.#dropped > DROPPED_BYTES || this.#socket.readableEnded;
	}

	/** A process that was kept from its event loop for so long has not yet read what came meanwhile. */
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
