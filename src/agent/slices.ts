// The walk in slices: each becomes a batch, so that the first insertions begin while the rest is still being read.

const DEVICES_IN_A_SLICE = 32;

export function* sliced<Device>(present: Iterable<Device>): Generator<readonly Device[]> {
	let slice: Device[] = [];
	for (const device of present) {
		slice.push(device);
		if (slice.length < DEVICES_IN_A_SLICE) continue;
		yield slice;
		slice = [];
	}
	if (slice.length > 0) yield slice;
}

/** The same with a turn of the event loop between slices. */
export async function* slicedByTurns<Device>(present: Iterable<Device>): AsyncGenerator<readonly Device[]> {
	for (const slice of sliced(present)) {
		yield slice;
		await new Promise<void>((resolve) => setImmediate(resolve));
	}
}
