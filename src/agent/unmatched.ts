// Devices of which an alias matched no module: when the indexes are written anew, it may.
import type { Decision } from "./decide.js";
import type { PresentDevice } from "./devices.js";
import { makeRecent } from "./recent.js";

export type Unmatched = {
	note(device: PresentDevice, decisions: readonly Decision[]): void;
	forget(devpath: string): void;
	/** All of them; from now on none is remembered. */
	takeAll(): readonly PresentDevice[];
};

/** Devices remembered at most, those noted first forgotten first. */
const MOST_DEVICES = 4096;

export function makeUnmatched(most: number = MOST_DEVICES): Unmatched {
	const aliasesByDevice = makeRecent<readonly string[]>(most);
	return {
		note({ devpath }, decisions) {
			if (decisions.every(({ matches }) => matches.length > 0)) return;
			const aliases = decisions.flatMap(({ alias, matches }) => (matches.length === 0 ? [alias] : []));
			aliasesByDevice.set(devpath, aliases);
		},
		forget: (devpath) => aliasesByDevice.delete(devpath),
		takeAll() {
			const devices = aliasesByDevice.entries().map(([devpath, aliases]) => ({ devpath, aliases }));
			aliasesByDevice.clear();
			return devices;
		},
	};
}
