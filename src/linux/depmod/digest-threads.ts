// Digests compressed module files on worker threads. Each thread numbers symbols on its own: its numbers are translated to common
// ones here.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { DigestSymbols, ModuleDigest } from "../../libkmod/depmod/module-digest.js";
import type { SymbolNames } from "../../libkmod/depmod/symbol-names.js";
import { decodingBudget, type Room } from "../decoding/memory-budget.js";

/** A message to a thread: paths to digest, or the number of a request for memory that is granted. */
export type DigestRequest = readonly string[] | { readonly granted: number };
/** A thread's answer: digests, and the names of the symbol numbers that the thread uses for the first time. */
export type DigestAnswer = { readonly modules: readonly ModuleDigest[]; readonly newNames: readonly string[] };
/** A thread's request to the common memory budget: the methods of a Room as messages. */
export type MemoryRequest = { readonly room: number } & (
	| { readonly take: number; readonly request: number }
	| { readonly keep: number }
	| { readonly holdForLong: true }
	| { readonly close: true }
);

/** Small enough that all threads end at about the same time. */
const PATHS_AT_ONCE = 16;

/**
 * Undefined when the script of the threads does not exist, as in a bundle that was moved.
 * @param script the path of another script, for tests
 * @throws the error of a thread, or an error when a thread has ended by itself: then all threads have ended, and have given back
 * their memory
 */
export function digestInThreads(
	threads: number,
	directory: string,
	paths: readonly string[],
	names: SymbolNames,
	script = findScript(),
): Promise<ModuleDigest[]> | undefined {
	if (script === undefined) return undefined;
	const queue = Array.from({ length: Math.ceil(paths.length / PATHS_AT_ONCE) }, (_, n) =>
		paths.slice(n * PATHS_AT_ONCE, (n + 1) * PATHS_AT_ONCE),
	);
	return digestQueue(threads, script, { directory, queue, names });
}

type Work = { readonly directory: string; readonly queue: (readonly string[])[]; readonly names: SymbolNames };

async function digestQueue(threads: number, script: string, work: Work): Promise<ModuleDigest[]> {
	const workers: Worker[] = [];
	try {
		while (workers.length < threads) workers.push(new Worker(script, { workerData: work.directory }));
		const digests = await Promise.all(workers.map((worker) => digestInThread(worker, work)));
		return digests.flat();
	} finally {
		await Promise.all(workers.map((worker) => worker.terminate()));
	}
}

function digestInThread(worker: Worker, { queue, names }: Work): Promise<ModuleDigest[]> {
	const modules: ModuleDigest[] = [];
	const numbers: number[] = [];
	const lender = lendTo((granted) => worker.postMessage(granted));
	return new Promise((resolve, reject) => {
		const ask = () => {
			const request = queue.shift();
			if (request !== undefined) worker.postMessage(request);
			else {
				resolve(modules);
				void worker.terminate();
			}
		};
		worker.on("message", (answer: DigestAnswer | MemoryRequest) => {
			if ("room" in answer) lender.answer(answer);
			else {
				for (const name of answer.newNames) numbers.push(names.numberOf(name));
				for (const module of answer.modules) modules.push(renumber(module, numbers));
				ask();
			}
		});
		worker.on("error", reject);
		worker.on("exit", (status) => {
			lender.closeAll();
			reject(new Error(`a thread that reads modules has ended by itself, with exit status ${status}`));
		});
		ask();
	});
}

/** Answers a thread's requests from this process's memory budget. */
function lendTo(grant: (granted: DigestRequest) => void) {
	const rooms = new Map<number, Room>();
	const close = (number: number): void => {
		rooms.get(number)?.close();
		rooms.delete(number);
	};
	return {
		answer(request: MemoryRequest): void {
			const room = rooms.get(request.room) ?? decodingBudget().open();
			rooms.set(request.room, room);
			if ("take" in request) void room.take(request.take).then(() => grant({ granted: request.request }));
			else if ("keep" in request) room.keep(request.keep);
			else if ("holdForLong" in request) room.holdForLong();
			else close(request.room);
		},
		closeAll(): void {
			for (const number of rooms.keys()) close(number);
		},
	};
}

function renumber(module: ModuleDigest, numbers: readonly number[]): ModuleDigest {
	const all = (symbols: readonly number[]) => symbols.map((symbol) => numbers[symbol]!);
	const those = ({ symbols, crcs }: DigestSymbols) => ({ symbols: all(symbols), crcs });
	return { ...module, exports: those(module.exports), needs: those(module.needs), weak: all(module.weak) };
}

/** The script is beside this file, or, when this file is in the executable's bundle, among the files of the library. */
function findScript(): string | undefined {
	const places = ["./digest-thread.js", "../src/linux/depmod/digest-thread.js"];
	return places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
}
