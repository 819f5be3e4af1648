// Which modules were tried for which devices and did not come to life: a device that comes up again does not try them again,
// another device does. An attempt counts from its begin, so that what is heard of its device meanwhile is not forgotten.
import QuickLRU from "quick-lru";

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

/** Devices remembered at least, those noted first forgotten first; twice as many are never, so that a storm cannot fill the memory. */
const LEAST_DEVICES = 8192;

export function makeAttempts(): Attempts {
	// Mostly there is one, for which a Set would take more memory than all the rest.
	const modulesByDevice = new QuickLRU<string, readonly string[]>({ maxSize: LEAST_DEVICES });
	return {
		record(module, device) {
			const modules = modulesByDevice.peek(device) ?? [];
			if (!modules.includes(module)) modulesByDevice.set(device, [...modules, module]);
		},
		forget(module, device) {
			const modules = modulesByDevice.peek(device);
			if (!modules?.includes(module)) return;
			if (modules.length === 1) modulesByDevice.delete(device);
			else
				modulesByDevice.set(
					device,
					modules.filter((one) => one !== module),
				);
		},
		has: (module, device) => modulesByDevice.peek(device)?.includes(module) === true,
		forgetDevice: (device) => void modulesByDevice.delete(device),
		forgetAll: () => modulesByDevice.clear(),
	};
}
