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

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Between two tries: soon where somebody reads, and at most. */
const FIRST_RETRY = 1;
const RETRY_MILLISECONDS = 50;
const A_SECOND: Patience = { silence: 1000, inAll: 1000 };

export async function openLogOutput(options: LogOutputOptions): Promise<LogOutput> {
	const { descriptor = 1, onLost, onFailed = () => undefined, most = 2 ** 20 } = options;
	const { write, end } = await openWriter(descriptor);
	let waiting: Buffer[] = [];
	let bytes = 0;
	let lost = 0;
	let retry: NodeJS.Timeout | undefined;

	/** Whether all of it is written, or cannot be. */
	function flush(): boolean {
		try {
			for (;;) {
				const [first] = waiting;
				if (first === undefined) return true;
				const written = write(first);
				if (written === undefined) return false;
				bytes -= written;
				if (written === first.length) waiting.shift();
				else waiting[0] = first.subarray(written);
			}
		} catch (thrown) {
			waiting = [];
			bytes = 0;
			onFailed(thrown);
			return true;
		}
	}

	function tryLater(milliseconds: number): void {
		retry = setTimeout(() => tryAgain(milliseconds), milliseconds).unref();
	}

	function tryAgain(milliseconds: number): void {
		const before = bytes;
		if (!flush()) {
			tryLater(bytes < before ? FIRST_RETRY : Math.min(2 * milliseconds, RETRY_MILLISECONDS));
			return;
		}
		retry = undefined;
		if (lost === 0) return;
		const count = lost;
		lost = 0;
		onLost(count);
	}

	return {
		write(line) {
			const content = Buffer.from(line, "latin1");
			if (bytes + content.length > most) {
				lost++;
				return;
			}
			waiting.push(content);
			bytes += content.length;
			if (retry === undefined && !flush()) tryLater(FIRST_RETRY);
		},
		async close(patience = () => A_SECOND) {
			const begun = performance.now();
			for (let [left, read] = [bytes, begun]; retry !== undefined; await pause(RETRY_MILLISECONDS)) {
				const now = performance.now();
				if (bytes < left) [left, read] = [bytes, now];
				const { silence, inAll } = patience();
				if (now - read >= silence || now - begun >= inAll) break;
			}
			clearTimeout(retry);
			end();
			return lost + waiting.length;
		},
	};
}

async function openWriter(descriptor: number): Promise<{ readonly write: Write; end(): void }> {
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
