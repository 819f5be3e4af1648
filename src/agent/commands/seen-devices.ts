// Devices whose commands were run when they came up, so that another look at all devices does not run the commands again. A
// device that is both found by a look and announced came up once: it may have come up between the two.

import QuickLRU from "quick-lru";

export type SeenDevices = {
	/**
	 * Notes that the device is announced to have come up. Returns whether it is new: a device that was announced before and comes
	 * up again has left unheard.
	 */
	announce(devpath: string): boolean;
	/** Notes that a look found the device. Returns whether it is new. */
	find(devpath: string): boolean;
	/** Notes that the device has left. Returns whether it was known. */
	forget(devpath: string): boolean;
	beginLook(): void;
	/** Ends a look that found every present device: any other device has left unheard. */
	endLook(): void;
};

/** The LRU keeps at least this many devices and never twice as many. Eviction begins with the oldest entry. */
const LEAST_DEVICES = 65_536;

/** The look during or after which a device was last heard of, and whether the device was found but never announced. */
type Seen = { readonly look: number; readonly onlyFound: boolean };

/** @param least the LRU keeps at least this many devices and never twice as many */
export function makeSeenDevices(least: number = LEAST_DEVICES): SeenDevices {
	const devices = new QuickLRU<string, Seen>({ maxSize: least });
	let look = 0;

	/** @returns the earlier entry of the device */
	function note(devpath: string, onlyFound: (before: Seen | undefined) => boolean): Seen | undefined {
		const before = devices.peek(devpath);
		// Copies the text: a slice would keep the whole message in memory.
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
