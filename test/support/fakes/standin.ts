// The library that replaces the kernel's module system calls in a process (standin.c describes its settings).

import { existsSync, readFileSync } from "node:fs";
import { compile } from "../running/c-program.js";

/** One recorded call: its name and its arguments. A module image is recorded as its size and its FNV-1a hash. */
export type RecordedCall = Readonly<Record<string, string | number>> & { readonly call: string };

/** The environment that preloads the library into a child process. @param record the file to which calls are appended */
export function standinEnvironment(record: string): Record<string, string> {
	return { LD_PRELOAD: compile("standin", "-shared", "-fPIC", "-ldl"), STANDIN_RECORD: record };
}

export function readRecord(record: string): RecordedCall[] {
	if (!existsSync(record)) return [];
	// The text after the last newline is a line that is still being written. Strings consist of bytes, one character each.
	return readFileSync(record, "latin1")
		.split("\n")
		.slice(0, -1)
		.map((line) => JSON.parse(line));
}

/** The hash that the stand-in records: 64-bit FNV-1a in hexadecimal. */
export function fnv1a(bytes: Uint8Array): string {
	let hash = 0xcbf29ce484222325n;
	for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
	return hash.toString(16).padStart(16, "0");
}
