// The library that stands in for the kernel's module system calls (standin.c says what it understands).

import { existsSync, readFileSync } from "node:fs";
import { compile } from "../running/c-program.js";

/** One recorded call: which, and its arguments; of an image the size and its FNV-1a hash. */
export type RecordedCall = Readonly<Record<string, string | number>> & { readonly call: string };

/** The environment that preloads it into a child process. @param record the file that collects the calls. */
export function standinEnvironment(record: string): Record<string, string> {
	return { LD_PRELOAD: compile("standin", "-shared", "-fPIC", "-ldl"), STANDIN_RECORD: record };
}

export function readRecord(record: string): RecordedCall[] {
	if (!existsSync(record)) return [];
	// What stands behind the last newline is still being written.
	// Its strings are bytes, one character each.
	return readFileSync(record, "latin1")
		.split("\n")
		.slice(0, -1)
		.map((line) => JSON.parse(line));
}

/** As the stand-in computes it: 64-bit FNV-1a in hexadecimal. */
export function fnv1a(bytes: Uint8Array): string {
	let hash = 0xcbf29ce484222325n;
	for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
	return hash.toString(16).padStart(16, "0");
}
