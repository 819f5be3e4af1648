// Returns this process's free memory to the kernel: a full garbage collection, as V8 makes it on a machine that is low on memory,
// and glibc's malloc_trim(3). The garbage collection is started by the inspector protocol (HeapProfiler.collectGarbage), the only
// way that node documents.

import { findFunction } from "./koffi.js";

let mallocTrim: ReturnType<typeof findFunction> | undefined;

/**
 * Collects all garbage, and returns the free pages to the kernel. A step that this node or its libc does not support is left out.
 */
export async function trimMemory(): Promise<void> {
	await collectGarbage();
	mallocTrim ??= findFunction("int malloc_trim(size_t pad)");
	(await mallocTrim)?.(0);
}

async function collectGarbage(): Promise<void> {
	const inspector = await import("node:inspector").catch(() => undefined);
	if (inspector === undefined) return;
	const session = new inspector.Session();
	session.connect();
	await new Promise((resolve) => session.post("HeapProfiler.collectGarbage", resolve));
	// The session must not be closed inside its own callback: node would wait for ever.
	await new Promise(setImmediate);
	session.disconnect();
}
