// A wall clock of a process's own, that a test sets (stepped-clock.c).

import { writeFileSync } from "node:fs";
import { compile } from "../running/c-program.js";

export type SteppedClock = {
	/** For the process whose clock it is: what it preloads, and which clock is its own. */
	readonly library: string;
	readonly environment: Readonly<Record<string, string>>;
	/** From now on it is so far ahead of this machine's, or behind where negative. */
	setAhead(milliseconds: number): void;
};

/** @param file is made; as long as it is there, whoever preloads the library goes by it. */
export function makeSteppedClock(file: string): SteppedClock {
	const setAhead = (milliseconds: number) =>
		// Overwritten in place: it is mapped into memory.
		writeFileSync(file, new BigInt64Array([BigInt(milliseconds) * 1_000_000n]), { flag: "r+" });
	writeFileSync(file, new BigInt64Array(1));
	return { library: compile("stepped-clock", "-shared", "-fPIC"), environment: { STEPPED_CLOCK: file }, setAhead };
}
