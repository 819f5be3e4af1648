// The walk in slices: each becomes a batch, so that the first insertions begin while the rest is still being read.

const FIRST = 8;
const LARGEST = 32;

/** The first slice is small, so that drivers have something to do at once; each is twice as large as the one before. */
export function* sliced<Device>(present: Iterable<Device>): Generator<readonly Device[]> {
	let slice: Device[] = [];
	let size = FIRST;
	for (const device of present) {
		slice.push(device);
		if (slice.length < size) continue;
		yield slice;
		slice = [];
		size = Math.min(2 * size, LARGEST);
	}
	if (slice.length > 0) yield slice;
}

/**
 * The same with two turns of the event loop between slices: in the first one what the slice asks for is begun, so that the kernel
 * is at work while the next slice is read.
 */
export async function* slicedByTurns<Device>(present: Iterable<Device>): AsyncGenerator<readonly Device[]> {
	for (const slice of sliced(present)) {
		yield slice;
		for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
	}
}
