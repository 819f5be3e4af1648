// Which modules were tried in vain, and for which devices: a device that comes up again does not try them again, another
// device does. A device that has left is forgotten.

export type Attempts = {
	record(module: string, device: string): void;
	has(module: string, device: string): boolean;
	forgetDevice(device: string): void;
};

export function makeAttempts(): Attempts {
	const devicesByModule = new Map<string, Set<string>>();
	return {
		record(module, device) {
			const devices = devicesByModule.get(module);
			if (devices === undefined) devicesByModule.set(module, new Set([device]));
			else devices.add(device);
		},
		has: (module, device) => devicesByModule.get(module)?.has(device) === true,
		forgetDevice(device) {
			for (const [module, devices] of devicesByModule)
				if (devices.delete(device) && devices.size === 0) devicesByModule.delete(module);
		},
	};
}
