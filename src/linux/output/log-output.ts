// Standard output for a log, written by a process that must never block on the log's reader. Lines for which a full pipe or
// socket has no room are buffered. When the buffer is full, further lines are dropped and counted. The flags of the descriptor
// itself stay as they are, since other processes share it.

import { constants as file, fstatSync, openSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { LogOutput, Patience } from "../../ports/output.js";
import { closeQuietly } from "../files/descriptor.js";
import { openSyscalls } from "../native/syscalls.js";

export type LogOutputOptions = {
	/** Standard output when absent. */
	readonly descriptor?: number;
	/** Called with the number of lines that were dropped. The lines after them are written now. */
	readonly onLost: (lines: number) => void;
	/** Called when a write fails for another reason than want of room: the reader has gone, the disk is full. */
	readonly onFailed?: (thrown: unknown) => void;
	/** The size of the buffer in bytes: one mebibyte when absent. */
	readonly most?: number;
};

/** Returns the number of bytes written, undefined when there is no room (EAGAIN). @throws any other error */
type Write = (bytes: Buffer) => number | undefined;

type Writer = { readonly write: Write; end(): void };

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Milliseconds between two tries: the first pause, which is also the pause while the reader makes progress, and the longest. */
const FIRST_RETRY_MILLISECONDS = 1;
const RETRY_MILLISECONDS = 50;
const A_SECOND: Patience = { silence: 1000, inAll: 1000 };

export async function openLogOutput(options: LogOutputOptions): Promise<LogOutput> {
	return new BufferedOutput(await openWriter(options.descriptor ?? 1), options);
}

class BufferedOutput implements LogOutput {
	readonly #writer: Writer;
	readonly #onLost: (lines: number) => void;
	readonly #onFailed: (thrown: unknown) => void;
	readonly #most: number;
	#waiting: Buffer[] = [];
	/** Bytes in `#waiting`. */
	#bytes = 0;
	#lost = 0;
	#retry: NodeJS.Timeout | undefined;

	constructor(writer: Writer, { onLost, onFailed = () => undefined, most = 2 ** 20 }: LogOutputOptions) {
		this.#writer = writer;
		this.#onLost = onLost;
		this.#onFailed = onFailed;
		this.#most = most;
	}

	write(line: string): void {
		const content = Buffer.from(line, "latin1");
		if (this.#bytes + content.length > this.#most) {
			this.#lost++;
			return;
		}
		this.#waiting.push(content);
		this.#bytes += content.length;
		if (this.#retry === undefined && !this.#flush()) this.#tryLater(FIRST_RETRY_MILLISECONDS);
	}

	offer(text: string): void {
		if (this.#waiting.length > 0) return;
		try {
			this.#writer.write(Buffer.from(text, "latin1"));
		} catch (thrown) {
			this.#onFailed(thrown);
		}
	}

	async close(patience = () => A_SECOND): Promise<number> {
		const begun = performance.now();
		for (let [left, read] = [this.#bytes, begun]; this.#retry !== undefined; await pause(RETRY_MILLISECONDS)) {
			const now = performance.now();
			if (this.#bytes < left) [left, read] = [this.#bytes, now];
			const { silence, inAll } = patience();
			if (now - read >= silence || now - begun >= inAll) break;
		}
		clearTimeout(this.#retry);
		this.#writer.end();
		return this.#lost + this.#waiting.length;
	}

	/** Whether nothing waits any more: all was written, or a write has failed and the buffer was dropped. */
	#flush(): boolean {
		try {
			return this.#writeOn();
		} catch (thrown) {
			this.#waiting = [];
			this.#bytes = 0;
			this.#onFailed(thrown);
			return true;
		}
	}

	/** Whether all was written. False when there is no room. @throws any other error of a write */
	#writeOn(): boolean {
		for (;;) {
			const [first] = this.#waiting;
			if (first === undefined) return true;
			const written = this.#writer.write(first);
			if (written === undefined) return false;
			this.#bytes -= written;
			if (written === first.length) this.#waiting.shift();
			else this.#waiting[0] = first.subarray(written);
		}
	}

	#tryLater(milliseconds: number): void {
		this.#retry = setTimeout(() => this.#tryAgain(milliseconds), milliseconds).unref();
	}

	#tryAgain(milliseconds: number): void {
		const before = this.#bytes;
		if (!this.#flush()) {
			this.#tryLater(this.#bytes < before ? FIRST_RETRY_MILLISECONDS : Math.min(2 * milliseconds, RETRY_MILLISECONDS));
			return;
		}
		this.#retry = undefined;
		if (this.#lost === 0) return;
		const count = this.#lost;
		this.#lost = 0;
		this.#onLost(count);
	}
}

async function openWriter(descriptor: number): Promise<Writer> {
	const status = fstatSync(descriptor);
	if (status.isSocket()) return { write: await sendingTo(descriptor), end: () => undefined };
	const own = status.isFIFO() || status.isCharacterDevice() ? openAnew(descriptor) : undefined;
	return {
		write: (bytes) => orNoRoom(() => writeSync(own ?? descriptor, bytes)),
		end: () => own !== undefined && closeQuietly(own),
	};
}

async function sendingTo(descriptor: number): Promise<Write> {
	const { sendTo, errnoName } = await openSyscalls();
	const connected = Buffer.alloc(0);
	return (bytes) => {
		const { result, errno } = sendTo(descriptor, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, connected);
		if (result >= 0) return result;
		if (errno === constants.errno.EAGAIN) return undefined;
		throw Object.assign(new Error(`errno ${errno}`), { code: errnoName(errno), errno });
	};
}

/**
 * Opens the file again, since O_NONBLOCK belongs to the open file description, which other processes share. Undefined without
 * /proc, or without permission: the log then blocks on a slow reader.
 */
function openAnew(descriptor: number): number | undefined {
	try {
		return openSync(`/proc/self/fd/${descriptor}`, file.O_WRONLY | file.O_NONBLOCK | file.O_NOCTTY);
	} catch {
		return undefined;
	}
}

function orNoRoom(write: () => number): number | undefined {
	try {
		return write();
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
		throw thrown;
	}
}
