// The insertion process itself (dist/insertion-process.js): does what insertion-process.ts asks of it. It lives as long as whoever
// asks, and then until what it has begun has ended.

import { read, readSync, writeSync } from "node:fs";
import pLimit from "p-limit";
import { Refusal } from "../../libkmod/kernel/kernel.js";
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

/** Whoever asks heeds the first ones: a service manager sends them to all processes of a service. The last opens a debugger. */
const HEEDED_ELSEWHERE = ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"] as const;
const CHUNK = 2 ** 16;

export async function main(): Promise<void> {
	for (const signal of HEEDED_ELSEWHERE) process.on(signal, () => undefined);
	const kernel = openKernel();
	let underway = 0;
	let forsaken = false;
	const inTurn = pLimit(1);
	const take = readingLines<InsertionOrder>((order) => {
		if (!("threads" in order)) return void carryOut(order);
		inTurn.concurrency = order.threads;
		sizeThreadPool(order.threads, { readsAttributes: false });
	});

	async function carryOut(request: InsertionRequest): Promise<void> {
		underway++;
		answer(await inTurn(() => (forsaken ? Promise.resolve({ id: request.id }) : insert(request))));
		underway--;
		endWhenDone();
	}

	async function insert({ id, path, parameters, flags }: InsertionRequest): Promise<InsertionAnswer> {
		try {
			await kernel.insert(path, parameters, flags);
			return { id };
		} catch (thrown) {
			if (!(thrown instanceof Refusal)) return { id, fault: thrown instanceof Error ? thrown.message : String(thrown) };
			const { operation, subject, code, errno, reason } = thrown;
			return { id, refusal: { operation, subject, code, errno, ...(reason !== undefined && { reason }) } };
		}
	}

	function listen(): void {
		const chunk = Buffer.allocUnsafe(CHUNK);
		read(SOCKET, chunk, 0, CHUNK, null, (error, size) => {
			if (error !== null || size === 0) {
				forsaken = true;
				return endWhenDone();
			}
			take(chunk.subarray(0, size));
			listen();
		});
	}

	function endWhenDone(): void {
		if (forsaken && underway === 0) exitNow(0);
	}

	// All that an insertion needs is loaded while the other process still reads its configuration.
	const { exitNow } = await openSyscalls();
	// At once: no thread of the pool may be in use before its size is known.
	const first = Buffer.allocUnsafe(CHUNK);
	take(first.subarray(0, readSync(SOCKET, first)));
	listen();
}

function answer(given: InsertionAnswer): void {
	try {
		writeSync(SOCKET, `${JSON.stringify(given)}\n`);
	} catch {
		// Nobody is left to hear it.
	}
}
