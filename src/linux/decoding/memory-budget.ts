// The memory budget, a counting semaphore of bytes: it bounds the memory of all files that are decompressed at the same time,
// compressed bytes and contents together. Each file takes bytes from the budget before it fills memory, first come, first served.
// A file that alone exceeds the budget runs when no other is at work.

/**
 * Bytes. The few megabytes of the decoders themselves, and the buffer that large-buffers.ts keeps, are not counted. Debian's
 * largest modules take about 40 MiB, so this is enough to keep all threads at work.
 */
export const DECODING_BUDGET_BYTES = 256 * 2 ** 20;

/** One file's share of the budget. */
export interface Room {
	/** Takes `bytes` more from the budget. Resolves when they are free, with a function that gives them back. */
	take(bytes: number): Promise<() => void>;
	/** Gives back all but `bytes`. */
	keep(bytes: number): void;
	/** Tells that a driver may use the memory for very long, maybe for ever: no other room waits for these bytes any longer. */
	holdForLong(): void;
	/** Gives back all bytes, and withdraws the requests that still wait. */
	close(): void;
}

export interface Budget {
	open(): Room;
}

export class MemoryBudget implements Budget {
	readonly #total: number;
	readonly #rooms = new Set<CountedRoom>();
	readonly #waiting: Asking[] = [];
	#peak = 0;

	constructor(total: number) {
		this.#total = total;
	}

	/** The most bytes that were taken at the same time. */
	get peak(): number {
		return this.#peak;
	}

	/** The bytes that are taken now. */
	get held(): number {
		let held = 0;
		for (const room of this.#rooms) held += room.held;
		return held;
	}

	open(): Room {
		const room: CountedRoom = {
			held: 0,
			waiting: false,
			forLong: false,
			take: async (bytes) => {
				await new Promise<void>((grant) => {
					room.waiting = true;
					room.forLong = false;
					this.#rooms.add(room);
					this.#enter({ room, bytes, grant });
					this.#grant();
				});
				return () => this.#free(room, bytes);
			},
			keep: (bytes) => this.#free(room, Math.max(room.held - bytes, 0)),
			holdForLong: () => {
				room.forLong = true;
				this.#grant();
			},
			close: () => {
				this.#rooms.delete(room);
				for (let place = this.#waiting.length - 1; place >= 0; place--)
					if (this.#waiting[place]!.room === room) this.#waiting.splice(place, 1);
				room.waiting = false;
				this.#free(room, room.held);
			},
		};
		return room;
	}

	/**
	 * Queues a request. A room that has memory already goes before the rooms that have none: a half-done file soon gives back its
	 * memory, while a new file would take more.
	 */
	#enter(asking: Asking): void {
		const place = asking.room.held > 0 ? this.#waiting.findIndex(({ room }) => room.held === 0) : -1;
		this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, asking);
	}

	#free(room: CountedRoom, bytes: number): void {
		room.held -= Math.min(bytes, room.held);
		this.#grant();
	}

	/** Grants requests in the order of the queue: a large request would starve if small ones could overtake it. */
	#grant(): void {
		for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
			const { room, bytes, grant } = first;
			if (this.held + bytes > this.#total && this.#isAnyoneElseAtWork()) return;
			this.#waiting.shift();
			room.waiting = false;
			room.held += bytes;
			this.#peak = Math.max(this.#peak, this.held);
			grant();
		}
	}

	/** Whether a room will give back memory: it has some, and neither waits for more nor holds it for long. */
	#isAnyoneElseAtWork(): boolean {
		for (const { held, waiting, forLong } of this.#rooms) if (held > 0 && !waiting && !forLong) return true;
		return false;
	}
}

type Asking = { readonly room: CountedRoom; readonly bytes: number; readonly grant: () => void };

type CountedRoom = Room & { held: number; waiting: boolean; forLong: boolean };

let current: Budget = new MemoryBudget(DECODING_BUDGET_BYTES);

/** The budget of this process, or the one that a worker thread was given by useBudget(). */
export function decodingBudget(): Budget {
	return current;
}

export function useBudget(budget: Budget): void {
	current = budget;
}

/** Runs `work` with a room of the budget, and closes the room when it ends or fails. */
export async function inRoom<T>(work: (room: Room) => T | Promise<T>, budget = current): Promise<T> {
	const room = budget.open();
	try {
		return await work(room);
	} finally {
		room.close();
	}
}
