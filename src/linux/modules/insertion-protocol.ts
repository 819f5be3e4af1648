// What is said between coldplug and its insertion process: JSON, one object a line, over a socket that the latter finds as its
// descriptor 3. The first line sizes its thread pool; each later one asks for an insertion, and is answered when that has ended.

import type { InsertFlags } from "../../libkmod/kernel/kernel.js";

export const SOCKET = 3;

export type InsertionRequest = {
	/** Of no other request of this process. */
	readonly id: number;
	/** An absolute path. */
	readonly path: string;
	readonly parameters: string;
	readonly flags: InsertFlags;
};

export type InsertionOrder = { readonly threads: number } | InsertionRequest;

export type InsertionAnswer = {
	readonly id: number;
	/** Why it failed: what the machine said, or a fault of ours. Both are absent where it went well. */
	readonly refusal?: {
		readonly operation: string;
		readonly subject: string;
		readonly code: string;
		readonly errno: number;
		readonly reason?: string;
	};
	readonly fault?: string;
};

/** A function that takes what was read, and hands over each line as the value that it holds. */
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
