// One input given to its format's reader: the verdict, or what is wrong; and the smallest input with the same wrong.
import { existsSync, readFileSync } from "node:fs";
import { randomFrom } from "../worlds/random-numbers.js";
import { Finding, type FuzzFormat, type Verdict } from "./format.js";
import type { Input } from "./inputs.js";

/** Of processor time, for any input: all are smaller than 256 KiB, and readers are linear, or nearly. */
export const LONGEST_MILLISECONDS = 100;
const MORE_TRIES = 3;
/** Milliseconds: then what it has come to has to do. */
const MINIMISING = 10_000;

const ACCOUNT = "/proc/thread-self/schedstat";
const isAccounted = existsSync(ACCOUNT);

/** Milliseconds that this thread has had a processor for, to some four; where the kernel keeps no account of that, of the clock. */
export function processorTime(): number {
	if (!isAccounted) return performance.now();
	return Number(readFileSync(ACCOUNT, "latin1").split(" ", 1)[0]) / 1e6;
}

export type Trial = { readonly verdict: Verdict } | { readonly wrong: string };

export function tryInput(
	format: FuzzFormat,
	{ bytes, seed, expected }: Input,
	longest: number = LONGEST_MILLISECONDS,
): Trial {
	const begun = performance.now();
	const trial = readOnce(format, bytes, seed);
	let took = performance.now() - begun;
	// Others may have had the processor, or a half of it: the shortest of several is its own.
	for (let left = MORE_TRIES; took > longest && left > 0; left--) {
		const again = processorTime();
		readOnce(format, bytes, seed);
		took = Math.min(took, processorTime() - again);
	}
	if (took > longest) return { wrong: `takes longer than ${longest} ms` };
	if ("wrong" in trial || expected === undefined || trial.verdict === expected.verdict) return trial;
	return { wrong: `${trial.verdict} at ${expected.bound}, and not ${expected.verdict}` };
}

function readOnce(format: FuzzFormat, bytes: Buffer, seed: number): Trial {
	try {
		return { verdict: format.read(bytes, randomFrom(seed)) };
	} catch (thrown) {
		if (thrown instanceof Finding) return { wrong: thrown.message };
		return { wrong: thrown instanceof Error ? `throws ${thrown.stack ?? thrown.message}` : `throws ${String(thrown)}` };
	}
}

/** Parts are left out by halves, and by smaller parts, as long as what is wrong stays the same kind of thing, and no longer than some seconds. */
export function minimise(format: FuzzFormat, input: Input, wrong: string, longest: number): Buffer {
	const kind = kindOf(wrong);
	const isWrong = (bytes: Buffer): boolean => {
		const trial = tryInput(format, { bytes, seed: input.seed }, longest);
		return "wrong" in trial && kindOf(trial.wrong) === kind;
	};
	const end = performance.now() + MINIMISING;
	let smallest = input.bytes;
	for (let size = smallest.length >> 1; size > 0; size >>= 1)
		for (let at = 0; at < smallest.length && performance.now() < end; ) {
			const rest = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
			if (isWrong(rest)) smallest = rest;
			else at += size;
		}
	return smallest;
}

/** Without the values that differ from input to input. */
const kindOf = (wrong: string): string => wrong.split(/[:\n]/, 2).join(":").replace(/\d+/g, "N").slice(0, 80);
