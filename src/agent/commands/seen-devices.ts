// Devices for which commands were run when they came up, so that another look at all devices does not run them again. A device
// that is found by a look and announced too came up once: it may have done so between the two.

import QuickLRU from "quick-lru";

export type SeenDevices = {
	/** It is announced to have come up. Whether it is new: one that was announced already and comes up again has left unheard. */
	announce(devpath: string): boolean;
	/** It is there. Whether it is new. */
	find(devpath: string): boolean;
	/** It has left. Whether it was known. */
	forget(devpath: string): boolean;
	beginLook(): void;
	/** Everything that is there was found: what was not has left unheard. */
	endLook(): void;
};

/** Devices remembered at least, those noted first forgotten first; twice as many are never. */
const LEAST_DEVICES = 65_536;

/** The look during or after which a device was last heard of; and whether it was found and never announced. */
type Seen = { readonly look: number; readonly onlyFound: boolean };

/** @param least at least so many devices are remembered, and never twice as many. */
export function makeSeenDevices(least: number = LEAST_DEVICES): SeenDevices {
	const devices = new QuickLRU<string, Seen>({ maxSize: least });
	let look = 0;

	/** @returns what was known of it before. */
	function note(devpath: string, onlyFound: (before: Seen | undefined) => boolean): Seen | undefined {
		const before = devices.peek(devpath);
		// Made anew: a slice would keep a whole message in memory.
		devices.set(Buffer.from(devpath, "latin1").toString("latin1"), { look, onlyFound: onlyFound(before) });
		return before;
	}

	return {
		announce: (devpath) => !note(devpath, () => false)?.onlyFound,
		find: (devpath) => note(devpath, (before) => before?.onlyFound ?? true) === undefined,
		forget: (devpath) => devices.delete(devpath),
		beginLook: () => void look++,
		endLook() {
			for (const [devpath, seen] of devices) if (seen.look < look) devices.delete(devpath);
		},
	};
}
