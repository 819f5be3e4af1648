// A stretch of a format's inputs, read one after the other: how many were accepted and refused, and what was wrong with which.
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

/** More would say the same. */
const MOST_FOUND = 3;

/** @param onInput is told each input's number before it is read: one that never ends is known by it. */
export function runStretch(
	format: FuzzFormat,
	inputs: Inputs,
	{ from, count }: Pick<Stretch, "from" | "count">,
	onInput: (number: number) => void = () => undefined,
	longest: number = LONGEST_MILLISECONDS,
): StretchResult {
	const begun = performance.now();
	const counts = { accepted: 0, refused: 0 };
	const found: Found[] = [];
	for (let number = from; number < from + count && found.length < MOST_FOUND; number++) {
		onInput(number);
		const input = inputs.make(number);
		// What its reader changes in place is not to be what is written down.
		const kept = Buffer.from(input.bytes);
		const trial = tryInput(format, input, longest);
		if ("verdict" in trial) counts[trial.verdict]++;
		else {
			const smallest = minimise(format, { ...input, bytes: kept }, trial.wrong, longest);
			found.push({ format: format.name, number, wrong: trial.wrong, smallest });
		}
	}
	return { format: format.name, ...counts, found, milliseconds: performance.now() - begun };
}
