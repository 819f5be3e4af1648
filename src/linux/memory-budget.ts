// One budget of memory for all that is being decompressed at a time: packed files and their contents, in bytes. Each asks before it
// fills memory, in order of asking. What alone is larger than the budget has its turn when nothing else is at work.

/** Beside the decoders' own few megabytes. Debian's largest modules take some 40 MiB, so that as many are at work as there are threads. */
export const DECODING_BUDGET = 256 * 2 ** 20;

/** One file's part of the budget. */
export interface Room {
	/** Resolves when there is memory for so many bytes more, with what gives them back. */
	take(bytes: number): Promise<() => void>;
	/** Gives back all that was taken. */
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

	/** The most that was taken at a time, in bytes. */
	get peak(): number {
		return this.#peak;
	}

	open(): Room {
		const room: CountedRoom = {
			held: 0,
			waiting: false,
			take: async (bytes) => {
				await new Promise<void>((grant) => {
					room.waiting = true;
					this.#enter({ room, bytes, grant });
					this.#grant();
				});
				return () => this.#free(room, bytes);
			},
			close: () => {
				this.#free(room, room.held);
				this.#rooms.delete(room);
				this.#grant();
			},
		};
		this.#rooms.add(room);
		return room;
	}

	/** Whoever holds memory already goes before those who hold none: they would only add to what lies about. */
	#enter(asking: Asking): void {
		const place = asking.room.held > 0 ? this.#waiting.findIndex(({ room }) => room.held === 0) : -1;
		this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, asking);
	}

	#free(room: CountedRoom, bytes: number): void {
		room.held -= Math.min(bytes, room.held);
		this.#grant();
	}

	/** The first in the queue alone: a large one would wait for ever if small ones went past it. */
	#grant(): void {
		for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
			const { room, bytes, grant } = first;
			if (this.#held() + bytes > this.#total && this.#isAnyoneElseAtWork()) return;
			this.#waiting.shift();
			room.waiting = false;
			room.held += bytes;
			this.#peak = Math.max(this.#peak, this.#held());
			grant();
		}
	}

	#held(): number {
		let held = 0;
		for (const room of this.#rooms) held += room.held;
		return held;
	}

	/** Whoever holds memory and waits for none will give it back. */
	#isAnyoneElseAtWork(): boolean {
		for (const { held, waiting } of this.#rooms) if (held > 0 && !waiting) return true;
		return false;
	}
}

type Asking = { readonly room: CountedRoom; readonly bytes: number; readonly grant: () => void };

type CountedRoom = Room & { held: number; waiting: boolean };

let current: Budget = new MemoryBudget(DECODING_BUDGET);

/** This process's; of a thread that has another's told, that one. */
export function decodingBudget(): Budget {
	return current;
}

export function useBudget(budget: Budget): void {
	current = budget;
}

/** What is taken by `work` is given back when it ends, well or not. */
export async function inRoom<T>(work: (room: Room) => T | Promise<T>, budget = current): Promise<T> {
	const room = budget.open();
	try {
		return await work(room);
	} finally {
		room.close();
	}
}
