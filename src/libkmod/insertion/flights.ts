// Single flight: a table of the modules whose insertion or `install` command has begun and not ended. The table has one entry a
// module; a caller that wants the same module joins the entry. Acts in that it begins what it is handed.
//
// Each Kernel has one table, found by the Kernel object itself. All probes and inserters over that object share the table
// without passing it around, which a caller could forget, and the table is collected with the Kernel. A Kernel object made from
// another one counts as a machine of its own, as a Kernel for another root does. Modules that an inserter has planned and not
// begun are not in the table: a probe whose prerequisites are met begins such a module, and the inserter is told the answer.
import type { Kernel } from "../kernel/kernel.js";
import { type Answer, readRejection, wasActedOn } from "./answer.js";

export type Flights = {
	/**
	 * Begins to act on a module, or joins the flight that is under way for the module. The answer never rejects: an error
	 * thrown by `act` becomes an answer.
	 */
	begin(module: string, act: () => Promise<Answer>): { readonly answer: Promise<Answer>; readonly joined: boolean };
	/**
	 * Calls onAnswer once with the answer when another caller acts on the module, including a flight that is under way already.
	 * For a module that the listener means to begin later.
	 * @returns stops listening; call it before the module is begun or joined
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
