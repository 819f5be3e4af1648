// The insertion process itself (dist/insertion-process.js), which serves the requests of insertion-process.ts. The process ends
// when its parent has closed the socket and every insertion in flight has ended.

import { read, readSync, writeSync } from "node:fs";
import pLimit from "p-limit";
import { asError } from "../../libkmod/kernel/errors.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { openSyscalls } from "../native/syscalls.js";
import { sizeThreadPool } from "../native/thread-pool.js";
import {
	type InsertionAnswer,
	type InsertionOrder,
	type InsertionRequest,
	readingLines,
	SOCKET,
} from "./insertion-protocol.js";
import { openKernel } from "./kernel.js";

/**
 * Signals that this process ignores. A service manager sends the first three to all processes of a service, and the parent
 * handles them. SIGUSR1 would make node open a debugger.
 */
const HEEDED_ELSEWHERE = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"] as const;
const CHUNK_BYTES = 2 ** 16;

export async function main(): Promise<void> {
	for (const signal of HEEDED_ELSEWHERE) process.on(signal, () => undefined);
	const kernel = openKernel();
	// The native code loads now, while the parent still reads its configuration.
	const { exitNow } = await openSyscalls();
	const server = new InsertionServer(kernel, () => exitNow(0));
	// A synchronous read: no thread of the pool may be in use before the first line has given the pool's size.
	const first = Buffer.allocUnsafe(CHUNK_BYTES);
	server.take(first.subarray(0, readSync(SOCKET, first)));
	server.listen();
}

class InsertionServer {
	/** Parses a chunk of the socket's stream, and obeys each whole line. */
	readonly take: (chunk: Buffer) => void;
	readonly #kernel: Pick<Kernel, "insert">;
	readonly #end: () => void;
	readonly #inTurn = pLimit(1);
	#underway = 0;
	/** True once the parent has closed the socket. */
	#forsaken = false;

	constructor(kernel: Pick<Kernel, "insert">, end: () => void) {
		this.#kernel = kernel;
		this.#end = end;
		this.take = readingLines<InsertionOrder>((order) => this.#obey(order));
	}

	/** Reads the socket until the parent closes it. */
	listen(): void {
		const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
		read(SOCKET, chunk, 0, CHUNK_BYTES, null, (error, size) => {
			if (error !== null || size === 0) {
				this.#forsaken = true;
				this.#endWhenDone();
				return;
			}
			this.take(chunk.subarray(0, size));
			this.listen();
		});
	}

	#obey(order: InsertionOrder): void {
		if (!("threads" in order)) {
			void this.#carryOut(order);
			return;
		}
		this.#inTurn.concurrency = order.threads;
		sizeThreadPool(order.threads, { readsAttributes: false });
	}

	async #carryOut(request: InsertionRequest): Promise<void> {
		this.#underway++;
		const { id } = request;
		answer(await this.#inTurn(() => (this.#forsaken ? Promise.resolve({ id }) : insert(this.#kernel, request))));
		this.#underway--;
		this.#endWhenDone();
	}

	#endWhenDone(): void {
		if (this.#forsaken && this.#underway === 0) this.#end();
	}
}

async function insert(
	kernel: Pick<Kernel, "insert">,
	{ id, path, parameters, flags }: InsertionRequest,
): Promise<InsertionAnswer> {
	try {
		await kernel.insert(path, parameters, flags);
		return { id };
	} catch (thrown) {
		if (!(thrown instanceof Refusal)) return { id, fault: asError(thrown).message };
		const { operation, subject, code, errno, reason } = thrown;
		return { id, refusal: { operation, subject, code, errno, ...(reason !== undefined && { reason }) } };
	}
}

function answer(given: InsertionAnswer): void {
	try {
		writeSync(SOCKET, `${JSON.stringify(given)}\n`);
	} catch {
		// The parent has gone: nobody reads the answer.
	}
}
