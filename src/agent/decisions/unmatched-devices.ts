// Devices with an alias that matched no module: new indexes may have a match. Devices whose modules the blacklist or policy keeps
// out are not among them: an administrator who deletes such a line may mean the next boot.

import QuickLRU from "quick-lru";
import type { PresentDevice } from "../../ports/devices.js";
import type { Decision } from "./decider.js";

export type UnmatchedDevices = {
	note(device: PresentDevice, decisions: readonly Decision[]): void;
	forget(devpath: string): void;
	/** Returns all devices, and forgets them. */
	takeAll(): readonly PresentDevice[];
};

/** The LRU keeps at least this many devices and never twice as many. Eviction begins with the oldest entry. */
const LEAST_DEVICES = 2048;

/** @param least the LRU keeps at least this many devices and never twice as many */
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
