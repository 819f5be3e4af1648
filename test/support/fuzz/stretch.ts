// Reads a stretch of a format's inputs, one after the other: counts the accepted and refused ones, and collects the findings.
import type { FuzzFormat } from "./format.js";
import type { Inputs } from "./inputs.js";
import { LONGEST_MILLISECONDS, minimise, tryInput } from "./trial.js";

export type Stretch = { readonly format: string; readonly seed: number; readonly from: number; readonly count: number };

export type Found = {
	readonly format: string;
	readonly number: number;
	readonly wrong: string;
	readonly smallest: Uint8Array;
};

export type StretchResult = {
	readonly format: string;
	readonly accepted: number;
	readonly refused: number;
	readonly milliseconds: number;
	readonly found: readonly Found[];
};

/** More findings of one stretch would say the same. */
const MOST_FOUND = 3;

/** @param onInput is called with each input's number before the input is read, so that an input that hangs its reader is known */
export function runStretch(
	format: FuzzFormat,
	inputs: Inputs,
	{ from, count }: Pick<Stretch, "from" | "count">,
	onInput: (number: number) => void = () => undefined,
	longestMilliseconds: number = LONGEST_MILLISECONDS,
): StretchResult {
	const begun = performance.now();
	const counts = { accepted: 0, refused: 0 };
	const found: Found[] = [];
	for (let number = from; number < from + count && found.length < MOST_FOUND; number++) {
		onInput(number);
		const input = inputs.make(number);
		// A copy: the reader may change the bytes in place, and the finding must have the original ones.
		const kept = Buffer.from(input.bytes);
		const trial = tryInput(format, input, longestMilliseconds);
		if ("verdict" in trial) counts[trial.verdict]++;
		else {
			const smallest = minimise(format, { ...input, bytes: kept }, trial.wrong, longestMilliseconds);
			found.push({ format: format.name, number, wrong: trial.wrong, smallest });
		}
	}
	return { format: format.name, ...counts, found, milliseconds: performance.now() - begun };
}
