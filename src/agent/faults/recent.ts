// A map that remembers so many at most: those noted first are forgotten first, half of all at a time. (Taking the first one
// out of a Map, again and again, costs V8 each time a walk over all that were taken out before.)

export type Recent<Value> = {
	get(key: string): Value | undefined;
	/** It counts as noted last. */
	set(key: string, value: Value): void;
	delete(key: string): void;
	clear(): void;
	/** Those noted first come first. */
	entries(): readonly (readonly [key: string, value: Value])[];
};

/** @param most at least half as many are remembered, of more that were noted. */
export function makeRecent<Value>(most: number): Recent<Value> {
	const mostOfHalf = Math.max(1, most >> 1);
	let older = new Map<string, Value>();
	let newer = new Map<string, Value>();
	return {
		get: (key) => newer.get(key) ?? older.get(key),
		set(key, value) {
			older.delete(key);
			newer.delete(key);
			if (newer.size >= mostOfHalf) {
				older = newer;
				newer = new Map();
			}
			newer.set(key, value);
		},
		delete(key) {
			older.delete(key);
			newer.delete(key);
		},
		clear() {
			older.clear();
			newer.clear();
		},
		entries: () => [...older, ...newer],
	};
}
