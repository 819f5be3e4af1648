// Single flight: the table of the modules that are acted on right now, whose insertion or `install` command has begun and not ended.
// A module is in it once; what wants such a module joins it. Acts in that it begins what it is handed.
//
// Each Kernel has one table, found by the Kernel object itself: every probe and every inserter over that object share it without a
// word from their caller, who could forget to hand a table on, and it goes when the Kernel goes. A Kernel made of another one is a
// machine of its own here, as another root's is. Modules that an inserter has planned and not begun are not in it: a probe that has
// the prerequisites begins such a module, and the inserter hears what came of it.
import type { Kernel } from "../kernel/kernel.js";
import { type Answer, readRejection, wasActedOn } from "./answer.js";

export type Flights = {
	/** Begins to act on a module, or joins what is under way for it. The answer never rejects: what `act` throws is read as one. */
	begin(module: string, act: () => Promise<Answer>): { readonly answer: Promise<Answer>; readonly joined: boolean };
	/**
	 * For a module that is to be begun later: told once of the answer where others act on it meanwhile, or do already.
	 * @returns stops that; to be called before the module is begun or joined
	 */
	listen(module: string, onAnswer: (answer: Answer) => void): () => void;
};

const tables = new WeakMap<Kernel, Flights>();

export function flightsOf(kernel: Kernel): Flights {
	const known = tables.get(kernel);
	if (known !== undefined) return known;
	const flights = makeFlights();
	tables.set(kernel, flights);
	return flights;
}

function makeFlights(): Flights {
	const underWay = new Map<string, Promise<Answer>>();
	const listeners = new Map<string, Set<(answer: Answer) => void>>();

	async function fly(module: string, act: () => Promise<Answer>): Promise<Answer> {
		const answer = await act().catch(readRejection);
		underWay.delete(module);
		if (wasActedOn(answer)) {
			const told = listeners.get(module) ?? [];
			listeners.delete(module);
			for (const tell of told) tell(answer);
		}
		return answer;
	}

	return {
		begin(module, act) {
			const other = underWay.get(module);
			if (other !== undefined) return { answer: other, joined: true };
			const answer = fly(module, act);
			underWay.set(module, answer);
			return { answer, joined: false };
		},
		listen(module, onAnswer) {
			const all = listeners.get(module) ?? new Set();
			listeners.set(module, all.add(onAnswer));
			return () => {
				all.delete(onAnswer);
				if (all.size === 0 && listeners.get(module) === all) listeners.delete(module);
			};
		},
	};
}
