// Modules that were tried for a device and failed. The same device does not try them again when it comes up again; another device
// does. An attempt counts from its begin, so that a "remove" of its device that arrives meanwhile is not lost.
import QuickLRU from "quick-lru";

export type Attempts = {
	record(module: string, device: string): void;
	/** The module is live, or must be tried once more. */
	forget(module: string, device: string): void;
	has(module: string, device: string): boolean;
	/** The device has left. A device that comes up in its place is a different one. */
	forgetDevice(device: string): void;
	/** Uevents were missed: any device may have left. */
	forgetAll(): void;
};

/**
 * The LRU keeps at least this many devices and never twice as many, so that a storm of uevents cannot fill the memory. Eviction
 * begins with the oldest entry.
 */
const LEAST_DEVICES = 8192;

export function makeAttempts(): Attempts {
	// Most devices have one module, for which a Set would take more memory than all other fields.
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
