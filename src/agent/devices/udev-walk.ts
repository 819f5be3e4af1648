// A look at all devices as udev sees them. While udev has events to handle, a device without a record in udev's database may be
// one that udev's rules have not seen yet, and might keep from its driver. Such devices come last, when udev has caught up. Acts,
// by the pause and the clock that it may be handed.

import type { Files } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import type { DeviceIdentity, PresentDevice } from "../../ports/devices.js";
import type { OnSkipped } from "../../ports/skipping.js";
import { slicedByTurns } from "./slices.js";
import { seenByUdev } from "./udev-database.js";

/** Exists while udev's queue is not empty. */
export const UDEV_QUEUE = "/run/udev/queue";

export type UdevLookOptions = {
	/** All devices, in slices. */
	readonly slices: AsyncIterable<readonly PresentDevice[]>;
	readonly identify: (device: PresentDevice) => DeviceIdentity;
	readonly files: Pick<Files, "read" | "stamp">;
	readonly onSkipped: OnSkipped;
	/** Resolves after a pause between two checks of udev's queue. */
	readonly pause?: () => Promise<void>;
	/** A monotonic clock, in milliseconds. */
	readonly now?: () => number;
};

const PAUSE_MILLISECONDS = 50;
/**
 * The longest wait for udev's queue. When udev handles events for longer, udev announces the device anyway once its rules have
 * run.
 */
const PATIENCE_MILLISECONDS = 10_000;

const sleep = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));

export async function* lookWithUdev(options: UdevLookOptions): AsyncGenerator<readonly PresentDevice[]> {
	const { slices, identify, files, onSkipped, pause = sleep, now = () => performance.now() } = options;
	const isBusy = () => isThere(files, UDEV_QUEUE);
	const unhandled: PresentDevice[] = [];
	const isHandled = (device: PresentDevice): boolean => {
		if (!isBusy()) return true;
		unhandled.push(device);
		return false;
	};
	for await (const slice of slices) {
		const seen = [...seenByUdev(slice, { identify, files, onSkipped, isHandled })];
		if (seen.length > 0) yield seen;
	}
	if (unhandled.length === 0) return;
	const over = now() + PATIENCE_MILLISECONDS;
	while (isBusy() && now() < over) await pause();
	yield* slicedByTurns(seenByUdev(unhandled, { identify, files, onSkipped }));
}
