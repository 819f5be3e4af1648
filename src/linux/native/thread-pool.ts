// Sizes and shares libuv's thread pool, which runs both file reads and system calls that may block. A driver's init can block its
// thread for minutes, and so can the read of an attribute. So there is a limit for the threads of each kind, and some threads
// remain for all other work. libuv starts all threads when the first one is needed: about 25 microseconds and 8 KiB for each.

import pLimit from "p-limit";

/** libuv's own upper limit. */
export const MAXIMUM_THREADS = 1024;
const DEFAULT_THREADS = 4;
const FOR_FILE_READS = 4;
const FOR_ATTRIBUTES = 16;
/** In addition to FOR_ATTRIBUTES. */
const FOR_SLOW_ATTRIBUTES = 48;

const turns = pLimit(slotsIn(Number(process.env.UV_THREADPOOL_SIZE) || DEFAULT_THREADS));
let attributeSlots = { prompt: 1, all: 1 };

function slotsIn(threads: number): number {
	return threads > FOR_FILE_READS ? threads - FOR_FILE_READS : Math.max(1, threads >> 1);
}

/**
 * Sizes the pool for `parallel` blocking system calls at once, in addition to file reads. A larger UV_THREADPOOL_SIZE of the user
 * is kept. libuv reads the size once, when the pool is first used: call this before any asynchronous read. Node's loader of ES
 * modules is such a use (in Node 20 at least), which is one reason why the executable is bundled as CommonJS.
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

/** How many attributes may be read at once: prompt ones, and prompt and slow ones together. */
export function threadsForAttributes(): { readonly prompt: number; readonly all: number } {
	return attributeSlots;
}

/** Begins calls that block a thread, first come, first served, and at most as many at once as there are threads for them. */
export const inPool = <Value>(begin: () => Promise<Value>): Promise<Value> => turns(begin);
