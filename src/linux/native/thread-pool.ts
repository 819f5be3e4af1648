// libuv's thread pool, which carries both file reads and system calls that may sleep: how many threads it has, and who may use them.
// A driver's init can hold its thread for minutes, and so can its attributes: of each kind there are only so many at once, and
// threads that neither may take are left for everybody else. libuv begins all of them when the first is needed: some 25
// microseconds and 8 KiB for each.

import pLimit from "p-limit";

/** libuv has no more, whatever it is asked for. */
export const MAXIMUM_THREADS = 1024;
const DEFAULT_THREADS = 4;
const FOR_FILE_READS = 4;
const FOR_ATTRIBUTES = 16;
/** Beside those. */
const FOR_SLOW_ATTRIBUTES = 48;

const turns = pLimit(slotsIn(Number(process.env.UV_THREADPOOL_SIZE) || DEFAULT_THREADS));
let attributeSlots = { prompt: 1, all: 1 };

function slotsIn(threads: number): number {
	return threads > FOR_FILE_READS ? threads - FOR_FILE_READS : Math.max(1, threads >> 1);
}

/**
 * Makes room for so many sleeping system calls at once, beside file reads; a larger UV_THREADPOOL_SIZE of the user's stays.
 * libuv reads the size once, when the pool is first used: call this before any asynchronous read. Node's loader of ES modules
 * is such a use (in Node 20 at least), which is one reason why the executable is bundled as CommonJS.
 */
export function sizeThreadPool(parallel: number, { readsAttributes = true } = {}): void {
	const wanted = Math.max(1, Math.trunc(parallel) || 1) + FOR_FILE_READS;
	const threads = Math.max(wanted, Number(process.env.UV_THREADPOOL_SIZE) || 0);
	const forAttributes = readsAttributes ? FOR_ATTRIBUTES + FOR_SLOW_ATTRIBUTES : 0;
	const all = Math.min(threads + forAttributes, MAXIMUM_THREADS);
	process.env.UV_THREADPOOL_SIZE = String(all);
	if (readsAttributes) attributeSlots = { prompt: FOR_ATTRIBUTES, all: forAttributes };
	turns.concurrency = slotsIn(all - forAttributes);
}

/** How many attributes may be read at once: those that are not slow, and all of them. */
export function threadsForAttributes(): { readonly prompt: number; readonly all: number } {
	return attributeSlots;
}

/** Begins a call that holds a thread until it ends, in order of asking, and never more of them than there are threads for. */
export const inPool = <Value>(begin: () => Promise<Value>): Promise<Value> => turns(begin);
