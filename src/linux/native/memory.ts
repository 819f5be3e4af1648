// This process's memory: V8's answer to a machine that is low on it, asked for by the inspector protocol
// (HeapProfiler.collectGarbage), which is the one way to it that node documents; and glibc's malloc_trim(3).

import { findFunction } from "./koffi.js";

let mallocTrim: ReturnType<typeof findFunction> | undefined;

/** Collects all garbage, and gives the kernel back the pages that are free then. What this node or its libc cannot do is left out. */
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
	// Within the answer it must not end: node would wait for it for ever.
	await new Promise(setImmediate);
	session.disconnect();
}
