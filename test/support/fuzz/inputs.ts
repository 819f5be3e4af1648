// The inputs of a format by number: the same seed, format and number make the same input in every run and on every thread.
import { type Random, randomFrom } from "../worlds/random-numbers.js";
import type { FuzzFormat, Verdict } from "./format.js";
import { mutate } from "./mutation.js";

export type Input = {
	readonly bytes: Buffer;
	/** The seed of the reader's random numbers; the same for a part of the input. */
	readonly seed: number;
	/** Of an input at a bound: the expected verdict, and the bound's name. */
	readonly expected?: { readonly verdict: Verdict; readonly bound: string };
};

/** Valid inputs that are made once and used again: making an input takes longer than reading it. */
const SAMPLES = 400;
/** One of so many valid inputs is made anew. */
const FRESH = 32;
const EIGHT = 8;

export type Inputs = {
	/** The number of inputs that stand at bounds. They come first. */
	readonly atLimits: number;
	make(number: number): Input;
};

export function inputsOf(format: FuzzFormat, seed: number): Inputs {
	const key = hash(format.name, seed);
	const limits = format.limits.flatMap(({ bound, n, make, within, beyond }) =>
		([-1, 0, 1] as const).map((more) => ({
			bytes: () => make(n + more),
			verdict: more > 0 ? beyond : within,
			bound: `${bound} ${n}${more === 0 ? "" : more > 0 ? " + 1" : " - 1"}`,
		})),
	);
	const samples: Buffer[] = [];
	function pickSample(random: Random): Buffer {
		if (random.below(FRESH) === 0) return format.sample(random);
		const place = random.below(SAMPLES);
		samples[place] ??= format.sample(randomFrom(mix(key, -1 - place)));
		return Buffer.from(samples[place]);
	}
	return {
		atLimits: limits.length,
		make(number) {
			const seedOfInput = mix(key, number);
			const limit = limits[number];
			if (limit !== undefined) {
				const { bytes, ...expected } = limit;
				return { bytes: bytes(), seed: seedOfInput, expected };
			}
			const random = randomFrom(seedOfInput);
			const sample = pickSample(random);
			const bytes = random.below(EIGHT) < format.sound ? sample : mutate(format, sample, pickSample(random), random);
			return { bytes, seed: seedOfInput };
		},
	};
}

function hash(name: string, seed: number): number {
	let hashed = mix(0x811c9dc5, seed);
	for (const character of name) hashed = mix(hashed, character.charCodeAt(0));
	return hashed;
}

/** MurmurHash3's finalizer over both numbers. */
function mix(key: number, number: number): number {
	let mixed = Math.imul(key ^ number, 0x85ebca6b) ^ number;
	mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
	mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
	return (mixed ^ (mixed >>> 16)) >>> 0;
}
