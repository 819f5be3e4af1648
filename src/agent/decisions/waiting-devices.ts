// Devices that wait for the end of an attempt that other devices caused, by the module they want, each with its decisions.
import type { Decision } from "./decider.js";

export type WaitingDevices = {
	/** Returns those of the decisions that wait now, or did already. */
	add(module: string, decisions: readonly Decision[], devices: readonly string[]): readonly Decision[];
	/** Returns all that wait for the module, and forgets them. */
	take(module: string): Waiting;
	isEmpty(module: string): boolean;
};

export type Waiting = { readonly decisions: readonly Decision[]; readonly devices: readonly string[] };

/** The most decisions held for each module: enough to tell whether any device makes a difference to the module. */
const MOST_DECISIONS = 256;

type Held = {
	/** Decisions by device and alias, since a device may come and go many times while it waits. */
	readonly decisions: Map<string, Decision>;
	/**
	 * All modules that the decisions want, from the awaited module on. A decision that brings another one is held beyond the
	 * bound for that module's sake.
	 */
	readonly modules: Set<string>;
};

export function makeWaitingDevices(): WaitingDevices {
	const waiting = new Map<string, Held>();

	function hold(held: Held, module: string, decision: Decision): boolean {
		const { device, alias, matches } = decision;
		const wanted = matches.filter(({ verdict }) => verdict === "wanted").map(({ found }) => found.module);
		const first = wanted.indexOf(module);
		if (first < 0) return false;
		const key = `${device}\0${alias}`;
		const { decisions, modules } = held;
		const fromModuleOn = wanted.slice(first);
		const isFull = decisions.size >= MOST_DECISIONS && fromModuleOn.every((one) => modules.has(one));
		if (isFull && !decisions.has(key)) return false;
		decisions.set(key, decision);
		for (const one of fromModuleOn) modules.add(one);
		return true;
	}

	return {
		add(module, decisions, devices) {
			if (devices.length === 0) return [];
			const held = waiting.get(module) ?? { decisions: new Map(), modules: new Set() };
			waiting.set(module, held);
			const concerned = new Set(devices);
			return decisions.filter((decision) => concerned.has(decision.device) && hold(held, module, decision));
		},
		take(module) {
			const decisions = [...(waiting.get(module)?.decisions.values() ?? [])];
			waiting.delete(module);
			return { decisions, devices: [...new Set(decisions.map(({ device }) => device))] };
		},
		isEmpty: (module) => !waiting.has(module),
	};
}
