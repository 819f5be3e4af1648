// Threads that unpack and digest module files, each with symbol numbers of its own, which are made those of all here.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { DigestSymbols, ModuleDigest } from "../libkmod/depmod/module-digest.js";
import type { SymbolNames } from "../libkmod/depmod/symbol-names.js";
import { decodingBudget, type Room } from "./memory-budget.js";

/** What a thread is asked: paths to digest. Or that it may fill the memory it asked for. */
export type DigestRequest = readonly string[] | { readonly granted: number };
/** What it answers: digests, and the names of the symbol numbers that it has not used before. */
export type DigestAnswer = { readonly modules: readonly ModuleDigest[]; readonly newNames: readonly string[] };
/** What it asks in turn: so many bytes of the one budget. They are given back all at once. */
export type MemoryRequest = { readonly room: number } & (
	| { readonly take: number; readonly request: number }
	| { readonly close: true }
);

/** Few enough that the threads end together. */
const PATHS_AT_ONCE = 16;

/** Undefined where the script of the threads is not there, as in a bundle that was moved. */
export function digestInThreads(
	threads: number,
	directory: string,
	paths: readonly string[],
	names: SymbolNames,
): Promise<ModuleDigest[]> | undefined {
	const script = findScript();
	if (script === undefined) return undefined;
	const queue = Array.from({ length: Math.ceil(paths.length / PATHS_AT_ONCE) }, (_, n) =>
		paths.slice(n * PATHS_AT_ONCE, (n + 1) * PATHS_AT_ONCE),
	);
	const all = Array.from({ length: threads }, () => digestInThread(script, directory, queue, names));
	return Promise.all(all).then((digests) => digests.flat());
}

function digestInThread(
	script: string,
	directory: string,
	queue: (readonly string[])[],
	names: SymbolNames,
): Promise<ModuleDigest[]> {
	const worker = new Worker(script, { workerData: directory });
	const modules: ModuleDigest[] = [];
	const numbers: number[] = [];
	return new Promise((resolve, reject) => {
		const ask = () => {
			const request = queue.shift();
			if (request !== undefined) worker.postMessage(request);
			else void worker.terminate().then(() => resolve(modules));
		};
		const askForMemory = lendTo((granted) => worker.postMessage(granted));
		worker.on("message", (answer: DigestAnswer | MemoryRequest) => {
			if ("room" in answer) return askForMemory(answer);
			for (const name of answer.newNames) numbers.push(names.numberOf(name));
			for (const module of answer.modules) modules.push(renumber(module, numbers));
			ask();
		});
		worker.on("error", reject);
		ask();
	});
}

/** The thread's part of this process's budget. */
function lendTo(grant: (granted: DigestRequest) => void): (request: MemoryRequest) => void {
	const rooms = new Map<number, Room>();
	return (request) => {
		const room = rooms.get(request.room) ?? decodingBudget().open();
		rooms.set(request.room, room);
		if ("take" in request) void room.take(request.take).then(() => grant({ granted: request.request }));
		else {
			room.close();
			rooms.delete(request.room);
		}
	};
}

function renumber(module: ModuleDigest, numbers: readonly number[]): ModuleDigest {
	const all = (symbols: readonly number[]) => symbols.map((symbol) => numbers[symbol]!);
	const those = ({ symbols, crcs }: DigestSymbols) => ({ symbols: all(symbols), crcs });
	return { ...module, exports: those(module.exports), needs: those(module.needs), weak: all(module.weak) };
}

/** Beside this file, or, where this is in the executable's bundle, among the library's. */
function findScript(): string | undefined {
	const places = ["./digest-thread.js", "../src/linux/digest-thread.js"];
	return places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
}
