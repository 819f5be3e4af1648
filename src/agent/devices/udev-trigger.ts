// Whether all devices are going to be announced anyway: systemd-udev-trigger.service has udev replay them once a boot.
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";

/** systemd has a symbolic link here for each unit that it has started, from the moment it does. */
const STARTED_UNITS = "/run/systemd/units";
const TRIGGER = "invocation:systemd-udev-trigger.service";

/** False also where nobody can tell: then one has to look. */
export function isReplayToCome(files: Pick<Files, "list">): boolean {
	const started = ifReadable(() => files.list(STARTED_UNITS));
	return started !== undefined && !started.includes(TRIGGER);
}
