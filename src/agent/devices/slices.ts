// Cuts the walk into slices. Each slice becomes a batch, so that the first insertions begin while the rest is still being read.
// Acts in that it gives each slice a turn of the event loop.

const FIRST_SLICE_DEVICES = 8;
const LARGEST_SLICE_DEVICES = 32;

/**
 * The first slice is small, so that the first drivers begin at once. Each slice is twice as large as the one before, up to a
 * bound.
 */
export function* sliced<Device>(present: Iterable<Device>): Generator<readonly Device[]> {
	let slice: Device[] = [];
	let size = FIRST_SLICE_DEVICES;
	for (const device of present) {
		slice.push(device);
		if (slice.length < size) continue;
		yield slice;
		slice = [];
		size = Math.min(2 * size, LARGEST_SLICE_DEVICES);
	}
	if (slice.length > 0) yield slice;
}

/** As `sliced`, with a turn of the event loop between two slices. */
export async function* slicedByTurns<Device>(present: Iterable<Device>): AsyncGenerator<readonly Device[]> {
	for (const slice of sliced(present)) {
		yield slice;
		await turnOfTheLoop();
	}
}

/**
 * As `slicedByTurns`, for devices that arrive over time. An empty list says that the next devices may take a while: the slice is
 * then cut short.
 */
export async function* slicedAsTheyCome<Device>(
	lists: AsyncIterable<readonly Device[]>,
): AsyncGenerator<readonly Device[]> {
	const waiting: Device[] = [];
	let size = FIRST_SLICE_DEVICES;
	for await (const devices of lists) {
		for (const device of devices) waiting.push(device);
		while (waiting.length >= size || (devices.length === 0 && waiting.length > 0)) {
			yield waiting.splice(0, size);
			size = Math.min(2 * size, LARGEST_SLICE_DEVICES);
			await turnOfTheLoop();
		}
	}
	if (waiting.length > 0) yield waiting;
}

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
