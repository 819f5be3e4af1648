// A bound on how much is done at once.

/**
 * A function that begins so many calls at once, and the others in order of asking.
 * @param most asked at every call: it may grow
 */
export function takingTurns(most: () => number): <T>(begin: () => Promise<T>) => Promise<T> {
	const waiting: (() => void)[] = [];
	let busy = 0;
	return async (begin) => {
		if (busy >= most()) await new Promise<void>((resolve) => waiting.push(resolve));
		else busy++;
		try {
			return await begin();
		} finally {
			const next = waiting.shift();
			if (next) next();
			else busy--;
		}
	};
}
