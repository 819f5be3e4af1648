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
const MOST_DEVICES = 256;

export function makeLatecomers(): Latecomers {
	const waiting = new Map<string, { readonly decisions: Decision[]; readonly devices: Set<string> }>();
	return {
		add(module, decisions, devices) {
			const concerned = new Set(devices);
			if (concerned.size === 0) return;
			const known = waiting.get(module) ?? { decisions: [], devices: new Set<string>() };
			waiting.set(module, known);
			for (const decision of decisions) {
				const { device, matches } = decision;
				if (!concerned.has(device) || (known.devices.size >= MOST_DEVICES && !known.devices.has(device))) continue;
				if (!matches.some(({ found }) => found.module === module)) continue;
				known.devices.add(device);
				known.decisions.push(decision);
			}
		},
		take(module) {
			const known = waiting.get(module);
			waiting.delete(module);
			return { decisions: known?.decisions ?? [], devices: [...(known?.devices ?? [])] };
		},
		isEmpty: (module) => !waiting.has(module),
	};
}
