// Insertions and commands under way, by module: who asks for one of them joins it, and nothing is begun twice.

export type Flights = {
	/** Begins, or joins what is under way for that module: then "joined", once that has ended well. Rejects as it does. */
	begin(module: string, act: () => Promise<void>): Promise<"done" | "joined">;
};

export function makeFlights(): Flights {
	const underway = new Map<string, Promise<void>>();
	return {
		async begin(module, act) {
			const other = underway.get(module);
			if (other !== undefined) {
				await other;
				return "joined";
			}
			const flight = act();
			underway.set(module, flight);
			try {
				await flight;
			} finally {
				underway.delete(module);
			}
			return "done";
		},
	};
}
