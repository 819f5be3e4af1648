// Loads koffi, the foreign function interface, once, at the first call that needs it, and configures it before the first native
// call.

import { setExit } from "../process/process-end.js";
import { MAXIMUM_THREADS } from "./thread-pool.js";

type Loaded = typeof import("koffi")["default"];

/** A C function. The call itself is synchronous: async() runs it on a thread of libuv's pool. */
export type Native = ((...values: unknown[]) => number) & { async: (...values: unknown[]) => void };

let loaded: Promise<Loaded> | undefined;

export function loadKoffi(): Promise<Loaded> {
	loaded ??= load();
	return loaded;
}

async function load(): Promise<Loaded> {
	const { default: koffi } = await import("koffi");
	// A small stack is enough for a system call or a decoder. Resident pools are not allocated again for every call.
	koffi.config({ max_async_calls: 2 * MAXIMUM_THREADS, async_stack_size: 65_536, resident_async_pools: 32 });
	setExit((status) => koffi.load(null).func("void _exit(int status)")(status));
	return koffi;
}

/**
 * Undefined when the function cannot be had.
 * @param library the file of a library. When absent, the libraries that the process has loaded, such as libc
 */
export async function findFunction(prototype: string, library: string | null = null): Promise<Native | undefined> {
	try {
		return (await loadKoffi()).load(library).func(prototype);
	} catch {
		// The system has no such function, or koffi is not built for this machine.
		return undefined;
	}
}
