// Gives one input to its format's reader: the verdict or the finding; and minimises an input that has a finding.
import { existsSync, readFileSync } from "node:fs";
import { randomFrom } from "../worlds/random-numbers.js";
import { Finding, type FuzzFormat, type Verdict } from "./format.js";
import type { Input } from "./inputs.js";

/** Processor time for any input. All inputs are smaller than 256 KiB, and readers are linear, or nearly so. */
export const LONGEST_MILLISECONDS = 100;
const MORE_TRIES = 3;
/** Milliseconds after which minimising stops, with the smallest input so far. */
const MINIMISING_MILLISECONDS = 10_000;

const ACCOUNT = "/proc/thread-self/schedstat";
const isAccounted = existsSync(ACCOUNT);

/**
 * Milliseconds of processor time of this thread, exact to some four ms. When the kernel keeps no account of it, the clock's time.
 */
export function processorTime(): number {
	if (!isAccounted) return performance.now();
	return Number(readFileSync(ACCOUNT, "latin1").split(" ", 1)[0]) / 1e6;
}

export type Trial = { readonly verdict: Verdict } | { readonly wrong: string };

export function tryInput(
	format: FuzzFormat,
	{ bytes, seed, expected }: Input,
	longestMilliseconds: number = LONGEST_MILLISECONDS,
): Trial {
	const begun = performance.now();
	const trial = readOnce(format, bytes, seed);
	let tookMilliseconds = performance.now() - begun;
	// Other processes may have slowed this one down (a shared core): the shortest of several times is the reader's own.
	for (let left = MORE_TRIES; tookMilliseconds > longestMilliseconds && left > 0; left--) {
		const again = processorTime();
		readOnce(format, bytes, seed);
		tookMilliseconds = Math.min(tookMilliseconds, processorTime() - again);
	}
	if (tookMilliseconds > longestMilliseconds) return { wrong: `takes longer than ${longestMilliseconds} ms` };
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

/** Leaves out halves of the input, then smaller parts, as long as the finding stays of the same kind and the time lasts. */
export function minimise(format: FuzzFormat, input: Input, wrong: string, longestMilliseconds: number): Buffer {
	const kind = kindOf(wrong);
	const isWrong = (bytes: Buffer): boolean => {
		const trial = tryInput(format, { bytes, seed: input.seed }, longestMilliseconds);
		return "wrong" in trial && kindOf(trial.wrong) === kind;
	};
	const end = performance.now() + MINIMISING_MILLISECONDS;
	let smallest = input.bytes;
	for (let size = smallest.length >> 1; size > 0; size >>= 1)
		for (let at = 0; at < smallest.length && performance.now() < end; ) {
			const rest = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
			if (isWrong(rest)) smallest = rest;
			else at += size;
		}
	return smallest;
}

/** The kind of a finding: its message without values that differ from input to input. */
const kindOf = (wrong: string): string => wrong.split(/[:\n]/, 2).join(":").replace(/\d+/g, "N").slice(0, 80);
