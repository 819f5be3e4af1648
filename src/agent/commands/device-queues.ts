// A queue for each device, and the order in which devices take turns. A device has one entry taken at a time, and its entries are
// taken in the order of their arrival. Pure, but for its state.

export class DeviceQueues<Entry> {
	/** Queues of the devices that have no entry taken, none of them empty. The device whose turn is next comes first. */
	readonly #ready = new Map<string, Entry[]>();
	/** Queues of the devices that have an entry taken. */
	readonly #busy = new Map<string, Entry[]>();
	#size = 0;

	/** The number of entries that were not taken yet. */
	get size(): number {
		return this.#size;
	}

	/** Returns the entries that were not taken yet. */
	list(): readonly Entry[] {
		return [...this.#busy.values(), ...this.#ready.values()].flat();
	}

	add(device: string, entry: Entry): void {
		this.#size++;
		const queue = this.#busy.get(device) ?? this.#ready.get(device);
		if (queue === undefined) this.#ready.set(device, [entry]);
		else queue.push(entry);
	}

	/** Takes the first entry of the device whose turn is next. Undefined when each device with a queue has an entry taken. */
	take(): Entry | undefined {
		const [next] = this.#ready;
		if (next === undefined) return undefined;
		const [device, queue] = next;
		this.#ready.delete(device);
		this.#busy.set(device, queue);
		this.#size--;
		return queue.shift();
	}

	/** Must be called when the taken entry of a device is done with: the device takes turns again, behind all others. */
	release(device: string): void {
		const queue = this.#busy.get(device) ?? [];
		this.#busy.delete(device);
		if (queue.length > 0) this.#ready.set(device, queue);
	}

	/** Removes the entries that were not taken yet, and returns them. */
	clear(): readonly Entry[] {
		const left = this.list();
		for (const queue of this.#busy.values()) queue.length = 0;
		this.#ready.clear();
		this.#size = 0;
		return left;
	}
}
