// koffi, loaded once, at the first call that needs it, and set up before anything is called through it.

import { setExit } from "../process/process-end.js";
import { MAXIMUM_THREADS } from "./thread-pool.js";

type Loaded = typeof import("koffi")["default"];

/** A C function: called at once, or on a thread of libuv's pool. */
export type Native = ((...values: unknown[]) => number) & { async: (...values: unknown[]) => void };

let loaded: Promise<Loaded> | undefined;

export function loadKoffi(): Promise<Loaded> {
	loaded ??= load();
	return loaded;
}

async function load(): Promise<Loaded> {
	const { default: koffi } = await import("koffi");
	// Neither a system call nor a decoder needs much stack, and blocks that stay need not be made again for every call.
	koffi.config({ max_async_calls: 2 * MAXIMUM_THREADS, async_stack_size: 65_536, resident_async_pools: 32 });
	setExit((status) => koffi.load(null).func("void _exit(int status)")(status));
	return koffi;
}

/** @param library absent for what the process itself has loaded, its libc for one */
export async function findFunction(prototype: string, library: string | null = null): Promise<Native | undefined> {
	try {
		return (await loadKoffi()).load(library).func(prototype);
	} catch {
		// The system has no such function, or koffi is not made for this machine.
		return undefined;
	}
}
