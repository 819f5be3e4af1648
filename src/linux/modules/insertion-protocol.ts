// The protocol between coldplug and its insertion process: JSON, one object a line, over a socket that the insertion process
// inherits as file descriptor 3. The first line sizes the thread pool. Each later line requests an insertion, and is answered
// when it has ended.

import type { InsertFlags } from "../../libkmod/kernel/kernel.js";

export const SOCKET = 3;

export type InsertionRequest = {
	/** Unique among the requests of this process. */
	readonly id: number;
	/** An absolute path. */
	readonly path: string;
	readonly parameters: string;
	readonly flags: InsertFlags;
};

export type InsertionOrder = { readonly threads: number } | InsertionRequest;

export type InsertionAnswer = {
	readonly id: number;
	/** The kernel's refusal. `fault` is the message of any other error. Both are absent when the insertion succeeded. */
	readonly refusal?: {
		readonly operation: string;
		readonly subject: string;
		readonly code: string;
		readonly errno: number;
		readonly reason?: string;
	};
	readonly fault?: string;
};

/** Returns a function that is given the chunks of a stream, and calls `take` with the JSON value of each whole line. */
export function readingLines<Value>(take: (value: Value) => void): (chunk: Buffer) => void {
	let unread: Buffer = Buffer.alloc(0);
	return (chunk) => {
		unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
		for (let end = unread.indexOf("\n"); end >= 0; end = unread.indexOf("\n")) {
			const line = unread.toString("utf8", 0, end);
			unread = unread.subarray(end + 1);
			take(JSON.parse(line));
		}
	};
}
