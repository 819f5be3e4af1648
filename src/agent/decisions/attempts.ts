// Which modules were tried for which devices and did not come to life: a device that comes up again does not try them again,
// another device does. An attempt counts from its begin, so that what is heard of its device meanwhile is not forgotten.
import { makeRecent } from "../faults/recent.js";

export type Attempts = {
	record(module: string, device: string): void;
	/** It came to life, or it is to be tried once more. */
	forget(module: string, device: string): void;
	has(module: string, device: string): boolean;
	/** The device has left: what comes up in its place is another one. */
	forgetDevice(device: string): void;
	/** Any device may have left unheard. */
	forgetAll(): void;
};

/** Devices remembered at most, those noted first forgotten first: a storm of made-up ones must not fill the memory. */
const MOST_DEVICES = 16_384;

export function makeAttempts(most: number = MOST_DEVICES): Attempts {
	// Mostly there is one, for which a Set would take more memory than all the rest.
	const modulesByDevice = makeRecent<readonly string[]>(most);
	return {
		record(module, device) {
			const modules = modulesByDevice.get(device) ?? [];
			if (!modules.includes(module)) modulesByDevice.set(device, [...modules, module]);
		},
		forget(module, device) {
			const modules = modulesByDevice.get(device);
			if (!modules?.includes(module)) return;
			if (modules.length === 1) modulesByDevice.delete(device);
			else
				modulesByDevice.set(
					device,
					modules.filter((one) => one !== module),
				);
		},
		has: (module, device) => modulesByDevice.get(device)?.includes(module) === true,
		forgetDevice: (device) => modulesByDevice.delete(device),
		forgetAll: () => modulesByDevice.clear(),
	};
}
