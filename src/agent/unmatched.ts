// Devices of which an alias matched no module: when the indexes are written anew, it may.
import type { Decision } from "./decide.js";
import type { PresentDevice } from "./devices.js";

export type Unmatched = {
	note(device: PresentDevice, decisions: readonly Decision[]): void;
	forget(devpath: string): void;
	/** All of them; from now on none is remembered. */
	takeAll(): readonly PresentDevice[];
};

/** Devices remembered at most, those noted first forgotten first. */
const MOST_DEVICES = 4096;

export function makeUnmatched(most: number = MOST_DEVICES): Unmatched {
	const aliasesByDevice = new Map<string, readonly string[]>();
	return {
		note({ devpath }, decisions) {
			const aliases = decisions.filter(({ matches }) => matches.length === 0).map(({ alias }) => alias);
			if (aliases.length === 0) return;
			aliasesByDevice.delete(devpath);
			aliasesByDevice.set(devpath, aliases);
			if (aliasesByDevice.size <= most) return;
			const [oldest] = aliasesByDevice.keys();
			if (oldest !== undefined) aliasesByDevice.delete(oldest);
		},
		forget: (devpath) => void aliasesByDevice.delete(devpath),
		takeAll() {
			const devices = [...aliasesByDevice].map(([devpath, aliases]) => ({ devpath, aliases }));
			aliasesByDevice.clear();
			return devices;
		},
	};
}
