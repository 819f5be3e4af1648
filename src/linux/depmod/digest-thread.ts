// The script of a worker thread of digest-threads.ts.

import { parentPort, workerData } from "node:worker_threads";
import { type ModuleDigest, ModuleDigester } from "../../libkmod/depmod/module-digest.js";
import { SymbolNames } from "../../libkmod/depmod/symbol-names.js";
import { dropBuffers } from "../decoding/large-buffers.js";
import { useBudget } from "../decoding/memory-budget.js";
import type { DigestAnswer, DigestRequest, MemoryRequest } from "./digest-threads.js";
import { ModuleReader } from "./module-digests.js";

const names = new SymbolNames();
const digester = new ModuleDigester(names);
const reader = new ModuleReader(workerData as string);

async function digestAll(paths: readonly string[]): Promise<DigestAnswer> {
	const known = names.count;
	const modules: ModuleDigest[] = [];
	for (const path of paths) {
		modules.push(await reader.digest(path, digester));
		// The memory budget does not count a kept buffer, and each thread would keep one.
		dropBuffers();
	}
	const newNames = Array.from({ length: names.count - known }, (_, n) => names.nameOf(known + n));
	return { modules, newNames };
}

/** The requests for memory that wait for an answer, by number. */
const waiting = new Map<number, () => void>();
let rooms = 0;
let requests = 0;

const ask = (request: MemoryRequest): void => parentPort?.postMessage(request);

// All threads share the budget of the main thread: this budget asks it by messages.
useBudget({
	open() {
		const room = rooms++;
		return {
			take: async (take) => {
				const request = requests++;
				await new Promise<void>((granted) => {
					waiting.set(request, granted);
					ask({ room, take, request });
				});
				return () => undefined;
			},
			keep: (keep) => ask({ room, keep }),
			holdForLong: () => ask({ room, holdForLong: true }),
			close: () => ask({ room, close: true }),
		};
	},
});

parentPort?.on("message", (message: DigestRequest) => {
	if (!("granted" in message)) return void digestAll(message).then((answer) => parentPort?.postMessage(answer));
	waiting.get(message.granted)?.();
	waiting.delete(message.granted);
});
