// A wall clock for a single process, which a test sets (stepped-clock.c).

import { writeFileSync } from "node:fs";
import { compile } from "../running/c-program.js";

export type SteppedClock = {
	/** The library that the process preloads, and the environment that names the clock's file. */
	readonly library: string;
	readonly environment: Readonly<Record<string, string>>;
	/** Sets the clock, in milliseconds ahead of this machine's clock; a negative number sets it behind. */
	setAhead(milliseconds: number): void;
};

/** @param file is created; processes that preload the library follow it as long as it exists */
export function makeSteppedClock(file: string): SteppedClock {
	const setAhead = (milliseconds: number) =>
		// The file is overwritten in place, since processes have it mapped into memory.
		writeFileSync(file, new BigInt64Array([BigInt(milliseconds) * 1_000_000n]), { flag: "r+" });
	writeFileSync(file, new BigInt64Array(1));
	return { library: compile("stepped-clock", "-shared", "-fPIC"), environment: { STEPPED_CLOCK: file }, setAhead };
}
