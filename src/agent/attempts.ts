// Which modules were tried for which devices and did not come to life: a device that comes up again does not try them again,
// another device does. An attempt counts from its begin, so that what is heard of its device meanwhile is not forgotten.

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
	const modulesByDevice = new Map<string, Set<string>>();
	return {
		record(module, device) {
			const modules = modulesByDevice.get(device);
			if (modules !== undefined) {
				modules.add(module);
				return;
			}
			modulesByDevice.set(device, new Set([module]));
			if (modulesByDevice.size <= most) return;
			const [oldest] = modulesByDevice.keys();
			if (oldest !== undefined) modulesByDevice.delete(oldest);
		},
		forget(module, device) {
			const modules = modulesByDevice.get(device);
			if (modules?.delete(module) && modules.size === 0) modulesByDevice.delete(device);
		},
		has: (module, device) => modulesByDevice.get(device)?.has(module) === true,
		forgetDevice: (device) => void modulesByDevice.delete(device),
		forgetAll: () => modulesByDevice.clear(),
	};
}
