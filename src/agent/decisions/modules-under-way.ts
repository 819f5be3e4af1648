// Modules in flight, each with the devices that came up after its attempt began: its driver may have found no hardware because
// these devices were absent.
import type { Decision } from "./decider.js";
import { makeWaitingDevices, type Waiting } from "./waiting-devices.js";

export type ModulesUnderWay = {
	begin(module: string): void;
	has(module: string): boolean;
	/** Adds devices that came up while an earlier batch had the module in flight. */
	join(module: string, decisions: readonly Decision[], devices: readonly string[]): void;
	/** Returns the devices that came up late, and forgets them. */
	end(module: string): Waiting;
};

export function makeModulesUnderWay(): ModulesUnderWay {
	const modules = new Set<string>();
	const late = makeWaitingDevices();
	return {
		begin: (module) => void modules.add(module),
		has: (module) => modules.has(module),
		join: (module, decisions, devices) => void late.add(module, decisions, devices),
		end(module) {
			modules.delete(module);
			return late.take(module);
		},
	};
}
