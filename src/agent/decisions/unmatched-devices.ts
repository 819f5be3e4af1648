// Devices of which an alias matched no module: when the indexes are written anew, it may. What was kept out is not among them:
// whoever takes a line of a blacklist or of policy away may do so for the next boot.

import QuickLRU from "quick-lru";
import type { PresentDevice } from "../../ports/devices.js";
import type { Decision } from "./decider.js";

export type UnmatchedDevices = {
	note(device: PresentDevice, decisions: readonly Decision[]): void;
	forget(devpath: string): void;
	/** All of them; from now on none is remembered. */
	takeAll(): readonly PresentDevice[];
};

/** Devices remembered at least, those noted first forgotten first; twice as many are never. */
const LEAST_DEVICES = 2048;

/** @param least at least so many devices are remembered, and never twice as many. */
export function makeUnmatchedDevices(least: number = LEAST_DEVICES): UnmatchedDevices {
	const devices = new QuickLRU<string, PresentDevice>({ maxSize: least });
	return {
		note({ devpath, action, properties }, decisions) {
			const unknown = decisions.filter(({ matches, ignored }) => matches.length === 0 && ignored === undefined);
			if (unknown.length === 0) return;
			const aliases = unknown.filter(({ rule }) => rule === undefined).map(({ alias }) => alias);
			devices.set(devpath, { devpath, aliases, ...(action && { action }), ...(properties && { properties }) });
		},
		forget: (devpath) => void devices.delete(devpath),
		takeAll() {
			const all = [...devices.entriesAscending()].map(([, device]) => device);
			devices.clear();
			return all;
		},
	};
}
