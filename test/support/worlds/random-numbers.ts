// Random numbers for differential tests and fuzzing: the same again for the seed that the test printed.
import type { ExecutionContext } from "ava";

export type Random = {
	/** A whole number from 0 to `count - 1`. */
	below(count: number): number;
	pick<Item>(items: ArrayLike<Item>): Item;
	/** `least` to `most` of them, joined. */
	text(pieces: ArrayLike<string>, least: number, most: number): string;
	bytes(count: number): Buffer;
};

/** Of no meaning: any other found nothing when it was chosen. `npm run fuzz` tries others. */
const SEED = 20_260_101;

/** Prints its seed, which is $FUZZ_SEED if that is set: the suite's own is always the same, so that a failure is the change's. */
export function seededRandom(t: ExecutionContext): Random {
	const seed = Number(process.env.FUZZ_SEED) || SEED;
	t.log(`FUZZ_SEED=${seed}`);
	return randomFrom(seed);
}

/** The same numbers again for the same seed, of which 32 bits count. */
export function randomFrom(seed: number): Random {
	let state = seed >>> 0;
	const below = (count: number): number => {
		// Mulberry32, a generator whose low bits are as random as the others.
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
	};
	const pick = <Item>(items: ArrayLike<Item>): Item => items[below(items.length)]!;
	return {
		below,
		pick,
		text: (pieces, least, most) => Array.from({ length: least + below(most - least + 1) }, () => pick(pieces)).join(""),
		bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
	};
}
