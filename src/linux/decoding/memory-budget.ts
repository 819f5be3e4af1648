// One budget of memory for all that is being decompressed at a time: packed files and their contents, in bytes. Each asks before it
// fills memory, in order of asking. What alone is larger than the budget has its turn when nothing else is at work.

/** Beside the decoders' own few megabytes, and what large-buffers.ts keeps. Debian's largest modules take some 40 MiB, so that as many are at work as there are threads. */
export const DECODING_BUDGET = 256 * 2 ** 20;

/** One file's part of the budget. */
export interface Room {
	/** Resolves when there is memory for so many bytes more, with what gives them back. */
	take(bytes: number): Promise<() => void>;
	/** Gives back all but so many bytes. */
	keep(bytes: number): void;
	/** What the room has is held for as long as a driver likes, it may be for ever: nobody waits for it any longer. */
	holdForLong(): void;
	/** Gives back all that was taken, and asks for nothing any more. */
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

	/** What is taken now, in bytes. */
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
	 * A room that has memory already asks before those that have none: a file that is half done gives back soon what it has, and
	 * one that is not begun would take more.
	 */
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
			if (this.held + bytes > this.#total && this.#isAnyoneElseAtWork()) return;
			this.#waiting.shift();
			room.waiting = false;
			room.held += bytes;
			this.#peak = Math.max(this.#peak, this.held);
			grant();
		}
	}

	/** A room that has memory, and neither waits for more nor holds it for long, will give it back. */
	#isAnyoneElseAtWork(): boolean {
		for (const { held, waiting, forLong } of this.#rooms) if (held > 0 && !waiting && !forLong) return true;
		return false;
	}
}

type Asking = { readonly room: CountedRoom; readonly bytes: number; readonly grant: () => void };

type CountedRoom = Room & { held: number; waiting: boolean; forLong: boolean };

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
