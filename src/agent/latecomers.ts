// Devices that wait, by the module they want, for an end that others brought about, with what was decided for them.
import type { Decision } from "./decide.js";

export type Latecomers = {
	add(module: string, decisions: readonly Decision[], devices: readonly string[]): void;
	/** All that wait for the module; from now on they do not. */
	take(module: string): Waiting;
	isEmpty(module: string): boolean;
};

export type Waiting = { readonly decisions: readonly Decision[]; readonly devices: readonly string[] };

/** For each module: enough to tell whether any device makes a difference to it. */
const MOST_DECISIONS = 256;

export function makeLatecomers(): Latecomers {
	/** By device and alias, since a device may come and go many times while it waits. */
	const waiting = new Map<string, Map<string, Decision>>();
	return {
		add(module, decisions, devices) {
			if (devices.length === 0) return;
			const known = waiting.get(module) ?? new Map<string, Decision>();
			waiting.set(module, known);
			if (known.size >= MOST_DECISIONS) return;
			const concerned = new Set(devices);
			for (const decision of decisions) {
				const { device, alias, matches } = decision;
				if (!concerned.has(device) || !matches.some(({ found }) => found.module === module)) continue;
				known.set(`${device}\0${alias}`, decision);
				if (known.size >= MOST_DECISIONS) return;
			}
		},
		take(module) {
			const decisions = [...(waiting.get(module)?.values() ?? [])];
			waiting.delete(module);
			return { decisions, devices: [...new Set(decisions.map(({ device }) => device))] };
		},
		isEmpty: (module) => !waiting.has(module),
	};
}
