// Whether udev is still going to replay all devices: systemd-udev-trigger.service has udev do so once a boot.
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";

/** systemd keeps a symbolic link here for each unit, from the moment when the unit is started. */
const STARTED_UNITS = "/run/systemd/units";
const TRIGGER = "invocation:systemd-udev-trigger.service";

/** Returns false also when the directory cannot be read: the agent must then look at all devices itself. */
export function isReplayToCome(files: Pick<Files, "list">): boolean {
	const started = ifReadable(() => files.list(STARTED_UNITS));
	return started !== undefined && !started.includes(TRIGGER);
}
