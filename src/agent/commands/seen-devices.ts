// Devices for which commands were run when they came up, so that another look at all devices does not run them again. A device
// that is found by a look and announced too came up once: it may have done so between the two.

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

/** Devices remembered at most, those noted first forgotten first. */
const MOST_DEVICES = 65_536;

export function makeSeenDevices(most: number = MOST_DEVICES): SeenDevices {
	/** The look during or after which each was last heard of. */
	const lastSeen = new Map<string, number>();
	const onlyFound = new Set<string>();
	let look = 0;

	function note(devpath: string): void {
		// Made anew: a slice would keep a whole message in memory.
		lastSeen.set(Buffer.from(devpath, "latin1").toString("latin1"), look);
		if (lastSeen.size <= most) return;
		const [oldest] = lastSeen.keys();
		if (oldest !== undefined) forget(oldest);
	}

	function forget(devpath: string): boolean {
		onlyFound.delete(devpath);
		return lastSeen.delete(devpath);
	}

	return {
		announce(devpath) {
			note(devpath);
			return !onlyFound.delete(devpath);
		},
		find(devpath) {
			const isNew = !lastSeen.has(devpath);
			note(devpath);
			if (isNew) onlyFound.add(devpath);
			return isNew;
		},
		forget,
		beginLook: () => void look++,
		endLook() {
			for (const [devpath, seen] of lastSeen) if (seen < look) forget(devpath);
		},
	};
}
