// A reproducible source of randomness: HOTPLUGD_SEED repeats a run that failed.

export function makeRandom(): { random: () => number; seed: number } {
	const given = Number(process.env.HOTPLUGD_SEED);
	const seed = Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 0x7ffffffe);
	// mulberry32
	let state = seed;
	const random = (): number => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
	};
	return { random, seed };
}
