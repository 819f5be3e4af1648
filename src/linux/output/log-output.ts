// Standard output for a log, written by a process that must never wait for whoever reads it: what a full pipe or socket has no
// room for is kept for a while, then left out and counted. The descriptor itself stays as it is, since others share it.

import { constants as file, fstatSync, openSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { LogOutput, Patience } from "../../ports/output.js";
import { closeQuietly } from "../files/descriptor.js";
import { openSyscalls } from "../native/syscalls.js";

export type LogOutputOptions = {
	/** Standard output where absent. */
	readonly descriptor?: number;
	/** So many lines had to be left out; those that are written now come after them. */
	readonly onLost: (lines: number) => void;
	/** It cannot be written for another reason than room: the reader has gone, the disk is full. */
	readonly onFailed?: (thrown: unknown) => void;
	/** Bytes that are kept while nobody reads: a mebibyte where absent. */
	readonly most?: number;
};

/** Bytes that were written; undefined where there is no room. @throws whatever else is in the way */
type Write = (bytes: Buffer) => number | undefined;

type Writer = { readonly write: Write; end(): void };

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Between two tries: soon where somebody reads, and at most. */
const FIRST_RETRY = 1;
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
	/** Of what waits. */
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
		if (this.#retry === undefined && !this.#flush()) this.#tryLater(FIRST_RETRY);
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

	/** Whether all of it is written, or cannot be. */
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

	/** Whether all of it is written; else there is no room. @throws whatever else is in the way */
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
			this.#tryLater(this.#bytes < before ? FIRST_RETRY : Math.min(2 * milliseconds, RETRY_MILLISECONDS));
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

/** A description of its own, which may be told not to wait. Without /proc or the right to it, the log waits for its reader. */
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
